"""The data sets as plain data: which files, of how many bytes, with which published checksums.

Nothing here reads a file.  `formats` reads, `find` searches, `fetch` downloads.
"""

from dataclasses import dataclass

from ..errors import unknown_name


@dataclass(frozen=True)
class Copy:
    """One edition of a set's files, recognised by the checksums of their decompressed content."""

    variant: str              # what a result must say of this edition: "full", "JPEG copy"
    algorithm: str            # of the checksums: a name that hashlib knows
    digests: tuple[str, ...]  # one a file, in the order of DataSet.files


@dataclass(frozen=True)
class DataSet:
    """What is fixed about a set: shape, classes, files, and the editions that are known."""

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]  # (C, H, W)
    train: int                         # images
    test: int
    format: str                        # "idx" or "cifar": which reader in `formats`
    files: tuple[tuple[str, int], ...]  # (name without .gz, bytes of decompressed content)
    copies: tuple[Copy, ...]


FASHION_MNIST = DataSet(
    # Xiao, Rasul, Vollgraf (2017), "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    # Learning Algorithms", arXiv:1708.07747.  MIT licence, Zalando SE.
    name="fashion-mnist",
    classes=("t-shirt", "trouser", "pullover", "dress", "coat",
             "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    image_shape=(1, 28, 28),
    train=60_000,
    test=10_000,
    format="idx",
    files=(
        ("train-images-idx3-ubyte", 47_040_016),
        ("train-labels-idx1-ubyte", 60_008),
        ("t10k-images-idx3-ubyte", 7_840_016),
        ("t10k-labels-idx1-ubyte", 10_008),
    ),
    copies=(
        # Of the DECOMPRESSED content, computed from Debian's dataset-fashion-mnist: distributors
        # compress anew, so a checksum of the .gz file would refuse honest copies.
        Copy("full", "sha256", (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        )),
    ),
)

CIFAR_10 = DataSet(
    # Krizhevsky (2009), "Learning Multiple Layers of Features from Tiny Images", technical report,
    # University of Toronto.  https://www.cs.toronto.edu/~kriz/cifar.html
    name="cifar-10",
    classes=("airplane", "automobile", "bird", "cat", "deer",
             "dog", "frog", "horse", "ship", "truck"),
    image_shape=(3, 32, 32),
    train=50_000,
    test=10_000,
    format="cifar",
    files=(
        ("data_batch_1.bin", 30_730_000),
        ("data_batch_2.bin", 30_730_000),
        ("data_batch_3.bin", 30_730_000),
        ("data_batch_4.bin", 30_730_000),
        ("data_batch_5.bin", 30_730_000),
        ("test_batch.bin", 30_730_000),
    ),
    copies=(
        # SHA-1 of the six files as Apache MXNet publishes them (gluon/data/vision/datasets.py): no
        # SHA-256 of the files themselves is published, and the original was not at hand to compute
        # one.  SHA-1 finds damage; it would not stop a forger.
        Copy("full", "sha1", (
            "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
            "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
            "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
            "aab85764eb3584312d3c7f65fd2fd016e36a258e",
            "26e2849e66a845b7f1e4614ae70f4889ae604628",
            "67eb016db431130d61cd03c7ad570b013799c88c",
        )),
        # The same 60,000 images after JPEG compression (quality 75, 4:2:0), in another order.
        Copy("JPEG copy", "sha256", (
            "f2864180fce86ab4106016a49ea527cd9376db11e43effbeb9f2b263de915c0a",
            "c52397bf76420e25e54c7ae21dfb41892d86a23f4d1ee338e7196744af969132",
            "967b17f8138b600d580cdddcfb372d8f73098ceec84dd859ec0017a8b1e5db40",
            "e41eba099e58636ef2a10ce7a6501246fe24e336c6f87f1639c78e53b60d0a53",
            "71ee043011581dc7093922d11849252e4484e033d8dab4e63563992169a5eb83",
            "f557e9d0d0a0646849cce495ac75fb5e17f275f4c241985f54b3e20fc8c0075a",
        )),
    ),
)

SETS = {data_set.name: data_set for data_set in (FASHION_MNIST, CIFAR_10)}


def get(name: str) -> DataSet:
    """The data set called `name`; ConfigError lists the names where there is none."""
    if name not in SETS:
        raise unknown_name("data set", name, SETS)
    return SETS[name]
