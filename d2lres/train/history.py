"""What training measured, as plain data.

Explained in the chapter "Training on Fashion-MNIST".
"""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.  Loss and train accuracy are means over that pass.

    `recalibrated_acc` is the test accuracy of the same weights with the statistics of batch
    normalization measured anew, where that was asked for.
    """

    epoch: int
    train_loss: float
    train_acc: float
    test_acc: float | None
    seconds: float
    examples_per_s: float
    recalibrated_acc: float | None = None


@dataclass
class History:
    """What training measured, an `Epoch` a pass.  Its repr is a table."""

    epochs: list[Epoch] = field(default_factory=list)

    def column(self, name: str) -> list:
        """One figure over the epochs, such as `column("test_acc")`."""
        return [getattr(epoch, name) for epoch in self.epochs]

    def to_list(self) -> list[dict]:
        """Plain data, ready for JSON."""
        rows = [asdict(epoch) for epoch in self.epochs]
        for row in rows:
            if row["recalibrated_acc"] is None:  # nobody asked
                del row["recalibrated_acc"]
        return rows

    @classmethod
    def from_list(cls, rows) -> "History":
        """The inverse of `to_list`.  Raises ValueError or TypeError for rows of another kind."""
        epochs = [Epoch(**row) for row in rows]
        for number, epoch in enumerate(epochs, 1):
            if epoch.epoch != number:
                raise ValueError(f"history: epoch {epoch.epoch!r} at place {number}")
            for name, value in vars(epoch).items():
                untested = name in ("test_acc", "recalibrated_acc") and value is None
                if not (untested or isinstance(value, (int, float))):
                    raise ValueError(f"history: {name} {value!r} of epoch {number} is no number")
        return cls(epochs)

    def __repr__(self):
        lines = ["epoch  train loss  train acc  test acc"]
        for e in self.epochs:
            test = "" if e.test_acc is None else f"{e.test_acc:8.3f}"
            lines.append(f"{e.epoch:5d}  {e.train_loss:10.3f}  {e.train_acc:9.3f}  {test}".rstrip())
        return "\n".join(lines)
