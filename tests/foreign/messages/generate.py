"""Generates the JSON-RPC bodies and the URIs of the differential test, from a seed.

    generate.py SEED BODIES URIS FOLDER

Writes FOLDER/bodies and FOLDER/uris: records of a length (32 bits, little endian) and that many
bytes. The same seed gives the same files with every version of Python that has the same `random`.
"""

import random
import struct
import sys
from pathlib import Path

from bodies import body
from uris import uri


def main() -> None:
    seed, bodies, uris, folder = sys.argv[1:]
    write(Path(folder) / "bodies", int(seed), int(bodies), body)
    write(Path(folder) / "uris", int(seed), int(uris), uri)


def write(path: Path, seed: int, count: int, generate) -> None:
    rng = random.Random(seed)
    with path.open("wb") as file:
        for _ in range(count):
            record = generate(rng)
            file.write(struct.pack("<I", len(record)) + record)


main()
