"""What is under us, before MXNet: the processor, NVIDIA's cards, the packages that are missing.

The files in the order of explanation: `processor`, `nvidia` (which build of MXNet a card can use),
`setting_up` (the first cell of a chapter).  Standard library only.
"""

from .nvidia import Card, cards, choose_build
from .processor import processor_name, usable_cores
from .setting_up import setup

__all__ = ["Card", "cards", "choose_build", "processor_name", "setup", "usable_cores"]
