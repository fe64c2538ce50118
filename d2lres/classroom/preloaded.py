"""What every worker needs, imported before it is one: once, and without a look for garbage in it.

Workers are copies of the process that imports this; what they share stays shared.
"""

import gc

gc.disable()

import IPython.lib.lexers  # noqa: E402, F401
import nbgrader.preprocessors  # noqa: E402
import nbgrader.utils  # noqa: E402, F401

from . import batch, feedback  # noqa: E402, F401

feedback.ready()
gc.freeze()
gc.enable()
