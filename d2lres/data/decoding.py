"""The bytes of an image file as RGB, 8 bits a channel, the way up that the camera noted.

Explained in the chapter "Images, targets and seeds".
"""

from contextlib import suppress
from io import BytesIO

import numpy
from PIL import Image, ImageOps

#: The files that are taken for images, and what Pillow calls their formats.  It tries no others:
#: for some it starts other programs.
FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG",
    ".png": "PNG", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP", ".avif": "AVIF",
    ".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM", ".pnm": "PPM",
}  # fmt: skip


def decoded(content: bytes) -> Image.Image:
    """An image file as an image of mode RGB.

    Arguments: `content`, the bytes of a file of one of FORMATS.
    Raises whatever Pillow's decoders raise, which is more than OSError and ValueError; ValueError
    for numbers that lie in no known range.
    Chapter "Images, targets and seeds".
    """
    known = Image.registered_extensions().values()  # not every Pillow has every one
    image = Image.open(BytesIO(content), formats=sorted(set(FORMATS.values()) & set(known)))
    form = image.format
    image.load()
    with suppress(Exception):  # an orientation that cannot be read is none; viewers do the same
        image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I"):
        image = in_8_bits(image, form)
    return image.convert("RGB")


def in_8_bits(image: Image.Image, form: str) -> Image.Image:
    """A gray image of mode I, I;16 or F as one of mode L; Pillow would cut all above 255.

    White is 65535 where the file has 16 bits, which some Pillows open as I.  Else (TIFF, PFM) the
    file does not say what white is: it is the least of 1 (F only), 255 and 65535 that no pixel
    exceeds.  Arguments: `form`, of the file.  Raises ValueError for other numbers.
    """
    pixels = numpy.asarray(image)
    low, high = pixels.min(), pixels.max()
    whites = {"I": (255, 65535), "F": (1, 255, 65535)}.get(image.mode, (65535,))
    if image.mode == "I" and form in ("PNG", "PPM"):
        whites = (65535,)
    white = next((white for white in whites if 0 <= low <= high <= white), None)  # none for nan
    if white is None:
        raise ValueError(f"gray values from {low} to {high}, beyond 0 to {whites[-1]}")
    return Image.fromarray(numpy.rint(pixels * (255 / white)).astype("uint8"))
