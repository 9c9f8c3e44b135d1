"""How images of a scanner are used: which one, where the mesh lies in it, what its numbers mean."""

from dataclasses import dataclass

from ecs_model.physics.values import Array


@dataclass(frozen=True)
class ImageUse:
    """An image, and where the mesh lies in it.

    Attributes:
        file: path of the image.
        space: of the mesh's coordinates: "ras", "lps", or "tkr" for surfaces of FreeSurfer.
        within: path of an image of labels, which keep tissues apart; None where there is one
            tissue, of all voxels that are not 0.
    """

    file: str
    space: str = "ras"
    within: str | None = None


@dataclass(frozen=True)
class Line:
    """A linear map from the numbers of an image to a quantity, and who says so.

    Attributes:
        values: two numbers of the image.
        become: what they mean.
        source: of the map.
    """

    values: tuple[float, float]
    become: tuple[float, float]
    source: str

    def __call__(self, found: Array) -> Array:
        """The quantity for numbers of the image; the line goes on beyond both ends."""
        (a, b), (x, y) = self.values, self.become
        return x + (found - a) * ((y - x) / (b - a))


@dataclass(frozen=True)
class TensorUse:
    """How fibres are read from an image.

    Attributes:
        image: the ImageUse.
        axes: those of its vectors: "world", "voxel" or "fsl".
        order: of the six numbers of tensors; None for an image of directions.
    """

    image: ImageUse
    axes: str
    order: str | None = None
