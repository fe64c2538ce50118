"""What is under us: the processor, NVIDIA's cards, MXNet's import, the packages that are missing.

The files in the order of explanation: `processor`, `nvidia` (which build of MXNet a card can use),
`repairs` (what MXNet misses in today's NumPy and Python), `compiled` (MXNet's functions, kept from
one import to the next), `importing` (the hook that has every import of MXNet prepared),
`setting_up` (the first cell of a chapter).  Standard library only, up to the moment when MXNet is
imported.
"""

from ..names import on_first_use

# `import d2lres` comes through here for the hook, and waits for nothing else.
_LATER = {
    "Card": "nvidia",
    "cards": "nvidia",
    "choose_build": "nvidia",
    "processor_name": "processor",
    "setup": "setting_up",
    "usable_cores": "processor",
}
__all__ = [*_LATER]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
