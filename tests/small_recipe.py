"""A recipe of seconds with everything that a resumed training could forget, and `d2lres` with it.

python tests/small_recipe.py train small --data sample
"""

from d2lres.commands import main
from d2lres.train.recipes import RECIPES, find_recipe

# momentum, schedule, crops and flips
SMALL = find_recipe("fashion-mnist-modern").changed(
    name="small", architecture="cifar-resnet8", images=1000
)

if __name__ == "__main__":
    RECIPES[SMALL.name] = SMALL
    main()
