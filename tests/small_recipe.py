"""A recipe of seconds with everything that a resumed training could forget, and `d2lres` with it.

python tests/small_recipe.py train small --data sample

Where $WAIT_THERE names a file, the training makes it in the middle of its second epoch, and waits
for a signal.
"""

import os
import time
from pathlib import Path

from d2lres.commands import main
from d2lres.data.order import Order
from d2lres.train.recipes import RECIPES, find_recipe

# momentum, schedule, crops and flips
SMALL = find_recipe("fashion-mnist-modern").changed(
    name="small", architecture="cifar-resnet8", images=1000
)

one_pass = Order.one_pass


def one_pass_that_waits(self):
    """Order.one_pass, as far as the third batch of the second epoch."""
    for number, batch in enumerate(one_pass(self)):
        if self.shuffle and self.epoch == 1 and number == 2:
            Path(os.environ["WAIT_THERE"]).touch()
            time.sleep(600)
        yield batch


if __name__ == "__main__":
    RECIPES[SMALL.name] = SMALL
    if "WAIT_THERE" in os.environ:
        Order.one_pass = one_pass_that_waits
    main()
