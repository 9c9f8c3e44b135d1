"""HDF5 files on a disk that may be full, which HDF5 itself does not survive."""

from contextlib import contextmanager

from h5py import File


class _Disk:
    """A binary file that HDF5 writes through, and that keeps the first failure to itself."""

    def __init__(self, file):
        self._file, self.failure = file, None
        self.seek, self.tell, self.readinto = file.seek, file.tell, file.readinto

    def write(self, data):
        """The length of `data`, written or not."""
        rest = memoryview(data)
        try:
            while self.failure is None and len(rest):
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.failure = error
        return len(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


@contextmanager
def created(path, **options):
    """A block with a new HDF5 file.

    Args:
        path: of the file, which is replaced.
        options: of h5py.File.

    Raises:
        OSError: what the disk said, at the end of the block.
    """
    with open(path, "w+b", buffering=0) as raw:
        disk = _Disk(raw)
        try:
            with File(disk, "w", **options) as file:
                yield file
        finally:
            if disk.failure is not None:
                raise disk.failure
