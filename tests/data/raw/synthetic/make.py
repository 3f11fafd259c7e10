#!/usr/bin/env python3
"""Write the files of this folder again: python make.py OUT

Needs the Python of tests/interop/setup.sh (astropy) and fpack (Debian package libcfitsio-bin). Only fpack's output is not the
same bytes each time: it writes the date into comments of its checksum cards.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from astropy.io import fits

MAKE_NIGHT = Path(__file__).resolve().parents[3] / "interop" / "make_night.py"
TARGET = "Field 0042 of the deep drilling survey, second pass after the filter change, rotator at its lower stop"
NOTE = "An '&' or a / inside stays as it is, and so does a doubled quote '' of the text, over both of its halves"


def night(root: Path, first_seq: int, detectors: int) -> dict[str, tuple[bytes, dict]]:
    """Slot name to (file content, line of truth.jsonl) of one exposure."""
    out = root / str(first_seq)
    subprocess.run([sys.executable, MAKE_NIGHT, out, "--exposures", "1", "--first-seq", str(first_seq),
                    "--detectors", str(detectors), "--npix", "1024", "--amps", "2"], check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (out / "truth.jsonl").read_text().splitlines()]
    return {line["file"][-12:-5]: ((out / line["file"]).read_bytes(), line) for line in lines}


def main(target: Path) -> None:
    truth = []

    def write(name: str, content: bytes, line: dict | None, **record) -> None:
        (target / name).write_bytes(content)
        if line:
            truth.append(line | {"file": name, "size": len(content), "record": line["record"] | record})

    with tempfile.TemporaryDirectory() as tmp:
        root = Path(tmp)
        files = night(root, 1, 9)

        data, line = files["R01_S00"]
        (root / "fpack.fits").write_bytes(data)
        subprocess.run(["fpack", root / "fpack.fits"], check=True)
        write("fpack.fits.fz", (root / "fpack.fits.fz").read_bytes(), line)

        data, line = files["R01_S01"]
        write("gzip.fits.gz", gzip.compress(data, mtime=0), line)

        # An exposure of its own, because the target name belongs to the exposure.
        data, line = night(root, 2, 1)["R01_S00"]
        (root / "long.fits").write_bytes(data)
        with fits.open(root / "long.fits") as hdus:
            hdus[0].header["OBJECT"] = TARGET
            hdus[0].header["HIERARCH DBB long note"] = NOTE
            hdus.writeto(root / "continue.fits")
        write("continue.fits", (root / "continue.fits").read_bytes(), line, target_name=TARGET)

        end = files["R01_S02"][0].index(b"END" + b" " * 77)
        write("truncated-header.fits", files["R01_S02"][0][:end - 1000], None)
        write("truncated-header-block.fits", files["R01_S10"][0][:2 * 2880], None)
        write("truncated-data.fits", files["R01_S11"][0][:13000], files["R01_S11"][1])
        write("truncated-gzip.fits.gz", gzip.compress(files["R01_S12"][0], mtime=0)[:-200], files["R01_S12"][1])
        write("empty.fits", b"", None)
        write("text.fits", b"Observing log of 2026-04-10\n\nNothing to report.\n", None)
    (target / "truth.jsonl").write_text("".join(json.dumps(line) + "\n" for line in truth))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
