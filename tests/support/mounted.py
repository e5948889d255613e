"""Files as Kubernetes mounts a Secret: links into a folder that is swapped as a whole."""

from collections.abc import Mapping
from pathlib import Path


class Mounted:
    """A mounted Secret; its names never change, what they hold does."""

    def __init__(self, folder: Path, texts: Mapping[str, str]) -> None:
        self._folder = folder
        self._texts: dict[str, str] = {}
        self._times = 0
        folder.mkdir()
        self.swap(**texts)
        for name in texts:
            (folder / name).symlink_to(Path("..data") / name)

    def __getitem__(self, name: str) -> Path:
        """Give where *name* is mounted."""
        return self._folder / name

    def swap(self, **texts: str) -> None:
        """Let the files hold *texts*, all at once."""
        self._texts |= texts
        self._times += 1
        folder = self._folder / f"..{self._times}"
        folder.mkdir()
        for name, text in self._texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        link = self._folder / "..data_tmp"
        link.symlink_to(folder.name)
        link.rename(self._folder / "..data")
