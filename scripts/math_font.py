"""Cut a mathematical font to what the formulas of a book need: _static/math.woff.

    python scripts/math_font.py STIXTwoMath-Regular.ttf

The font is STIX Two Math, under the SIL Open Font License 1.1, https://www.stixfonts.org.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

OUT = Path(__file__).parents[1] / "_static" / "math.woff"
ASCII, GREEK, ITALIC = range(0x20, 0x7F), range(0x391, 0x3CA), range(0x1D434, 0x1D468)
ITALIC_GREEK, ACCENTS = range(0x1D6E2, 0x1D71C), (0x302, 0x303, 0x304, 0x305, 0x332, 0x20D7)
PRIME = 0x2032
SIGNS = "ℎ ˆ¯‾±·×÷…′‖←→⇒∂∇∈∏∑−∗√∞∼≈≠≡≤≥⋅⋯⌈⌉⌊⌋⟨⟩ϵϕℝ𝔼"


def main(source: str) -> None:
    options = Options(flavor="woff", layout_features=[], hinting=False, notdef_outline=True)
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]  # its makers and its licence go with it
    font = load_font(source, options)
    # A prime is drawn for the size of an exponent, which browsers do not ask the font for.
    for table in font["cmap"].tables:
        if PRIME in table.cmap:
            table.cmap[PRIME] = "minute.ssty"
    subsetter = Subsetter(options)
    letters = {*ASCII, *GREEK, *ITALIC, *ITALIC_GREEK}
    subsetter.populate(unicodes={*letters, *ACCENTS, *map(ord, SIGNS)})
    subsetter.subset(font)
    save_font(font, OUT, options)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
