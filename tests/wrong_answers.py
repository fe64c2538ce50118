"""Typical wrong answers to the assignments, as changes to the reference solutions.

TOLD: (cell of the answer, changes, check that fails, words of its message); the visible tests catch
these.  SPECIAL: (cell, changes, check); answers that pass every visible test and fail a hidden one.
A change is a pair: what stands in the reference, and what stands there instead.
"""

TOLD = {
    "1-shapes-and-counts": [
        ("by-hand", [("7 * 7 * 3 * 64", "7 * 7 * 64")], "check-by-hand", "one channel"),
        ("by-hand", [("* side * side", "* 224 * 224")], "check-by-hand", "of the map that leaves"),
        ("by-hand", [("* side * side", "")], "check-by-hand", "each of the 112 x 112 positions"),
        ("output-side", [("2 * padding", "padding")], "check-output-side", "at both ends"),
        ("output-side", [(" + 1", "")], "check-output-side", "add 1 for the first position"),
        (
            "output-side",
            [("return (side", "return round((side"), ("kernel) // strides", "kernel) / strides)")],
            "check-output-side",
            "The last position does not fit",
        ),
        ("output-side", [("//", "/")], "check-output-side", "Divide with //"),
        ("conv-params", [("kernel * kernel", "kernel")], "check-conv-params", "is a square"),
        (
            "conv-params",
            [("(channels if", "(in_channels if")],
            "check-conv-params",
            "not that enters",
        ),
        ("block-params", [("norm = 2", "norm = 4")], "check-block-params", "trains only two"),
        ("block-params", [(" + 2 * norm", "")], "check-block-params", "convolutions alone"),
        (
            "block-params",
            [("if in_channels == channels and strides == 1", "if True")],
            "check-block-params",
            "You forgot the projection",
        ),
        (
            "block-params",
            [("channels) + norm", "channels)")],
            "check-block-params",
            "the projection has a normalization",
        ),
        (
            "resnet18-shapes",
            [("side = output_side(side, 3, 2, 1)\n    shapes", "shapes")],
            "check-resnet18-shapes",
            "The pooling belongs to the stem",
        ),
        (
            "resnet18-shapes",
            [("side = output_side(side, 3, 2, 1)\n        shapes", "side //= 2\n        shapes")],
            "check-resnet18-shapes",
            "which is odd",
        ),
        ("resnet18-params", [(" + classes", "")], "check-resnet18-params", "has a bias"),
        ("resnet18-params", [(" + 2 * 64", "")], "check-resnet18-params", "in the stem"),
    ],
    "2-residual-block": [
        (
            "residual",
            [("class Residual(nn.HybridBlock)", "class Residual(d2lres.BasicBlock)")],
            "keeps-the-shape",
            "Write it yourself",
        ),
        ("residual", [("padding=1, ", "")], "keeps-the-shape", "takes a pixel from each side"),
        (
            "residual",
            [("if in_channels != channels or strides != 1", "if False")],
            "changes-the-shape",
            "the shortcut needs a projection",
        ),
        (
            "residual",
            [("if in_channels != channels or strides != 1", "if strides != 1")],
            "changes-the-shape",
            "broadcasts the one channel over all 64",
        ),
        (
            "residual",
            [("padding=1, use_bias=False", "padding=1")],
            "counts",
            "12 numbers too many. A convolution has biases",
        ),
        (
            "residual",
            [("if in_channels != channels or strides != 1", "if True")],
            "counts",
            "Yours projects",
        ),
        (
            "residual",
            [("self.shortcut.add(nn.BatchNorm())", "pass")],
            "counts",
            "followed by a normalization of its own",
        ),
        (
            "residual",
            [("F.npx.relu(Y + self.shortcut(X))", "F.npx.relu(Y) + self.shortcut(X)")],
            "sum-and-relu",
            "added after the second normalization, before the last ReLU",
        ),
        (
            "residual",
            [("Y = self.bn2(self.conv2(Y))", "Y = F.npx.relu(self.bn2(self.conv2(Y)))")],
            "sum-and-relu",
            "a ReLU cuts it off before the sum",
        ),
        ("residual", [("Y + self.shortcut(X)", "Y")], "sum-and-relu", "Where is the shortcut?"),
        (
            "residual",
            [
                ("channels, 3, strides, padding", "channels, 3, 1, padding"),
                ("channels, 3, padding", "channels, 3, strides, padding"),
            ],
            "same-function",
            "The stride sits on the second convolution",
        ),
        (
            "residual",
            [("F.npx.relu(self.bn1(self.conv1(X)))", "self.bn1(self.conv1(X))")],
            "same-function",
            "no ReLU between",
        ),
        (
            "residual",
            [("def hybrid_forward(self, F, X)", "def forward(self, X)"), ("F.npx", "npx")],
            "hybridizes",
            "Residual overrides forward",
        ),
        ("residual", [("return F.npx", "return npx")], "hybridizes", "Use F.npx and F.np"),
    ],
    "3-resnet-34": [
        ("stem", [("3, strides=2, padding=1", "3, strides=2")], "check-stem", "padding of 1"),
        ("stem", [("strides=2, padding=3", "padding=3")], "check-stem", "both of them"),
        ("stem", [(", use_bias=False", "")], "check-stem", "has no bias"),
        ("stem", [("        nn.BatchNorm(),\n", "")], "check-stem", "normalization is missing"),
        (
            "stage",
            [("BasicBlock(channels, channels)", "BasicBlock(channels, channels, strides)")],
            "check-stage",
            "Only the first block has the stride",
        ),
        (
            "stage",
            [("BasicBlock(channels, channels)", "BasicBlock(channels, in_channels)")],
            "check-stage",
            "is what the first one gives",
        ),
        ("stage", [("num_blocks - 1", "num_blocks")], "check-stage", "your stage has 4"),
        (
            "resnet",
            [("strides=1 if number == 0 else 2", "strides=2")],
            "check-resnet-shapes",
            "The first stage halves the size",
        ),
        (
            "resnet",
            [("net.add(stem(widths[0]))", "net.add(nn.Conv2D(widths[0], 1))")],
            "check-resnet-shapes",
            "Is the stem there?",
        ),
        (
            "resnet",
            [("nn.GlobalAvgPool2D(), ", "")],
            "check-resnet-head",
            "Average each channel first",
        ),
        (
            "resnet",
            [
                (
                    "nn.Dense(classes)",
                    "nn.Dense(classes), nn.HybridLambda(lambda F, X: F.npx.softmax(X))",
                )
            ],
            "check-resnet-head",
            "there is a softmax at the end",
        ),
        ("depth-of", [("2 * sum", "sum")], "check-depth-of", "You count blocks"),
        ("depth-of", [(" + 1\n", "\n")], "check-depth-of", "One layer with weights is missing"),
        ("resnet34", [("3, 4, 6, 3", "2, 2, 2, 2")], "check-resnet34", "that is ResNet-18"),
        ("resnet34", [("3, 4, 6, 3", "3, 6, 4, 3")], "check-resnet34", "in the right stages"),
    ],
    "4-bottleneck-and-shortcut-c": [
        ("by-hand", [("256 * 64 + ", "")], "check-by-hand", "two 1x1"),
        ("by-hand", [("return 2 * ", "return ")], "check-by-hand", "you counted one"),
        (
            "bottleneck-params",
            [("2 * width + 2 * channels", "2 * width + 2 * width")],
            "check-bottleneck-params",
            "four times as many channels as the others",
        ),
        (
            "bottleneck-params",
            [("in_channels != channels or strides", "strides")],
            "check-bottleneck-params",
            "although the size stays",
        ),
        (
            "bottleneck-params",
            [('shortcut == "C" or ', "")],
            "check-bottleneck-params",
            "With C every block projects",
        ),
        (
            "bottleneck",
            [("Conv2D(channels, 1, use_bias", "Conv2D(width, 1, use_bias")],
            "check-bottleneck-shapes",
            "4 * width channels",
        ),
        (
            "bottleneck",
            [("width, 3, padding=1, use_bias=False", "width, 3, padding=1")],
            "check-bottleneck-shapes",
            "use_bias=False",
        ),
        (
            "bottleneck",
            [
                ("width, 1, strides,", "width, 1,"),
                ("width, 3, padding", "width, 3, strides, padding"),
            ],
            "check-bottleneck-function",
            "agrees with version v1.5",
        ),
        (
            "bottleneck",
            [
                (
                    "F.npx.relu(self.branch(X) + self.shortcut(X))",
                    "self.branch(X) + self.shortcut(X)",
                )
            ],
            "check-bottleneck-function",
            "The ReLU after the sum is missing",
        ),
        (
            "bottleneck",
            [
                (
                    "relu(self.branch(X) + self.shortcut(X))",
                    "relu(self.branch(X)) + self.shortcut(X)",
                )
            ],
            "check-bottleneck-function",
            "The last ReLU comes after the sum",
        ),
        (
            "bottleneck",
            [('shortcut == "C" or ', "")],
            "check-shortcut-c",
            "so its shortcut is the identity",
        ),
        ("added-by-c", [("depth - 1", "depth")], "check-added-by-c", "C adds nothing there"),
        (
            "added-by-c",
            [("(4 * width) ** 2 + 2 * 4 * width", "width**2 + 2 * width")],
            "check-added-by-c",
            "connects 4 * width channels",
        ),
        (
            "added-by-c",
            [(" + 2 * 4 * width", "")],
            "check-added-by-c",
            "has a normalization of its own",
        ),
    ],
    "5-train-and-explain": [
        (
            "accuracy",
            [("right / images", "right")],
            "check-accuracy",
            "You give the number of right answers",
        ),
        ("accuracy", [("argmax", "argmin")], "check-accuracy", "argmax(axis=1)"),
        (
            "accuracy",
            [(".sum())", ".mean() * 1e6)"), ("+= len(y)", "+= 1e6")],
            "check-accuracy",
            "the mean of the two batches",
        ),
        (
            "train-epoch",
            [("step(len(y))", "step(1)")],
            "check-train-epoch",
            "The step is eight times too large",
        ),
        (
            "train-epoch",
            [("l = loss(net(X), y)", "l = loss(net(X), y).mean()")],
            "check-train-epoch",
            "You divide by the number of images twice",
        ),
        (
            "train-epoch",
            [("with autograd.record():", "if True:")],
            "check-train-epoch",
            "with autograd.record()",
        ),
        ("train-epoch", [("        l.backward()\n", "")], "check-train-epoch", "call backward()"),
        (
            "train-epoch",
            [("        trainer.step(len(y))\n", "")],
            "check-train-epoch",
            "the trainer has to make a step",
        ),
        (
            "train-epoch",
            [("total / images", "total")],
            "check-train-epoch",
            "the sum of the losses",
        ),
        (
            "train",
            [("accuracy(net, test_batches)", "accuracy(net, train_batches)")],
            "check-train",
            "measured on the training images",
        ),
        (
            "train",
            [
                ("    for _ in", "    before = accuracy(net, test_batches)\n    for _ in"),
                ("accuracy(net, test_batches)))", "before))"),
            ],
            "check-train",
            "Measure after the pass",
        ),
    ],
    "6-cifar-10": [
        (
            "move",
            [
                (
                    "top : top + height, left : left + width",
                    "left : left + height, top : top + width",
                )
            ],
            "check-move",
            "You took the row for the column",
        ),
        (
            "move",
            [("(pixels, pixels)))", "(pixels, pixels)), mode='edge')")],
            "check-move",
            "The border is not zero",
        ),
        ("move", [("[:, :, ::-1]", "[:, ::-1]")], "check-move", "stands on its head"),
        (
            "move",
            [
                (
                    "padded[i, :, top",
                    "(padded[i, :, :, ::-1] if mirrored[i] else padded[i])[:, top",
                ),
                ("piece[:, :, ::-1] if mirrored[i] else piece", "piece"),
            ],
            "check-move",
            "Mirror the piece that you cut out",
        ),
        (
            "move",
            [("if mirrored[i]", "if any(mirrored)")],
            "check-move",
            "each has its own corner",
        ),
        ("move", [("numpy.empty_like(images)", "images")], "check-move", "You changed the images"),
        (
            "split",
            [("    validation = numpy.sort(validation)\n", "")],
            "check-split",
            "Sort the positions",
        ),
        (
            "split",
            [("    return ", "    return validation, ")],
            "check-split",
            "Expected two arrays",
        ),
        (
            "split",
            [
                (
                    "    return numpy.setdiff1d(numpy.arange(len(labels)), validation), validation",
                    "    return validation, numpy.setdiff1d(numpy.arange(len(labels)), validation)",
                )
            ],
            "check-split",
            "The two are exchanged",
        ),
        (
            "split",
            [
                (
                    "    validation = numpy.sort(validation)\n",
                    "    validation = numpy.arange(count * len(classes))\n",
                )
            ],
            "check-split",
            "expected one of each class",
        ),
        (
            "split",
            [
                (
                    "numpy.arange(len(labels)), validation), validation",
                    "numpy.arange(len(labels)), []), validation",
                )
            ],
            "check-split",
            "Some images are in both",
        ),
        (
            "compare",
            [("numpy.mean(second) - numpy.mean(first)", "numpy.mean(first) - numpy.mean(second)")],
            "check-compare",
            "second minus first",
        ),
        ("compare", [("ddof=1", "ddof=0")], "check-compare", "divide by n - 1"),
        ("compare", [(" / len(each)", "")], "check-compare", "divide each s² by its n"),
        ("compare", [(" ** 0.5", "")], "check-compare", "forgot the root"),
    ],
}

SPECIAL = {
    "1-shapes-and-counts": [
        (
            "output-side",
            [
                (
                    "(side + 2 * padding - kernel) // strides + 1",
                    "28 if (side, strides) == (28, 1) else {8: 4, 14: 7, 28: 14, 45: 23, 56: 28, "
                    "90: 45, 112: 56, 180: 90, 224: 112, 360: 180, 720: 360}.get(side, side)",
                )
            ],
            "check-output-side",
        ),
        ("block-params", [(" and strides == 1", "")], "check-block-params"),
        (
            "resnet18-params",
            [("total + 512 * classes + classes", "11_689_512")],
            "check-resnet18-params",
        ),
    ],
    "2-residual-block": [
        (
            "residual",
            [("in_channels != channels or strides != 1", "in_channels < channels")],
            "changes-the-shape",
        ),
        (
            "residual",
            [
                ("channels, 3, strides", "channels, 3, 1 + (strides > 1)"),
                ("channels, 1, strides", "channels, 1, 1 + (strides > 1)"),
            ],
            "same-function",
        ),
    ],
    "3-resnet-34": [
        (
            "stage",
            [("    net = nn", "    channels = max(channels, in_channels)\n    net = nn")],
            "check-stage",
        ),
        ("depth-of", [("1 + 2 * sum(depths) + 1", "18")], "check-depth-of"),
        ("stem", [("(channels, 7", "(channels if channels < 10 else 64, 7")], "check-stem"),
    ],
    "4-bottleneck-and-shortcut-c": [
        (
            "added-by-c",
            [("return sum(", "return 14_571_520 if max(depths) > 1 else sum(")],
            "check-added-by-c",
        ),
        ("bottleneck", [('shortcut == "C"', 'shortcut == "C" and width == 2')], "check-shortcut-c"),
    ],
    "5-train-and-explain": [
        (
            "train-epoch",
            [("float(l.sum())", "float(l.mean())"), ("+= len(y)", "+= 1")],
            "check-train-epoch",
        ),
        ("accuracy", [("net(X).argmax", "X.argmax")], "check-accuracy"),
    ],
    "6-cifar-10": [
        ("move", [("(pixels, pixels), (pixels, pixels)", "(4, 4), (4, 4)")], "check-move"),
        ("split", [("[:count]", "[:1]")], "check-split"),
        ("compare", [("/ len(each)", "/ len(first)")], "check-compare"),
    ],
}
