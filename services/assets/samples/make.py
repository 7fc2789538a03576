"""Makes the sample files: pip install numpy pillow soundfile, then python3 make.py, in this folder.

Everything is computed, so nobody's licence is on it. Files are small when encoded; decoded they are large enough to go
through shared memory.
"""

import base64
import json
import struct

import numpy
import soundfile
from PIL import Image

SIDE = 512
RATE = 22_050


def picture(seed):
    """Smooth waves of colour, `SIDE` pixels on each side."""
    y, x = numpy.mgrid[0:SIDE, 0:SIDE] / SIDE
    waves = [numpy.sin((x * (i + seed) + y * (seed + 2 - i)) * 6.28 + i) for i in range(3)]
    return (numpy.stack(waves, axis=-1) * 100 + 128).astype(numpy.uint8)


def tone(seconds, pitches):
    """A chord that fades, one column per channel."""
    time = numpy.arange(int(RATE * seconds)) / RATE
    columns = [numpy.sin(6.2832 * pitch * time) * numpy.exp(-2 * time) * 0.6 for pitch in pitches]
    return numpy.stack(columns, axis=-1)


def cube():
    """Positions and indices of a cube, as glTF lays them out."""
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [i for a, b, c, d in faces for i in (a, b, c, a, c, d)]
    positions = b"".join(struct.pack("<3f", *corner) for corner in corners)
    return positions, struct.pack(f"<{len(triangles)}H", *triangles), len(corners), len(triangles)


def model(buffer):
    """The glTF document of the cube whose bytes `buffer` names."""
    positions, indices, corners, points = cube()
    return {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": corners, "type": "VEC3",
             "min": [-1, -1, -1], "max": [1, 1, 1]},
            {"bufferView": 1, "componentType": 5123, "count": points, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(positions)},
            {"buffer": 0, "byteOffset": len(positions), "byteLength": len(indices)},
        ],
        "buffers": [{"byteLength": len(positions) + len(indices), **buffer}],
    }


def main():
    """Writes every sample."""
    Image.fromarray(picture(1)).save("waves.png", optimize=True)
    Image.fromarray(picture(2)).save("dunes.jpg", quality=70)
    soundfile.write("music/bell.wav", tone(1.0, (440,)), RATE, subtype="PCM_16")
    soundfile.write("music/chord.ogg", tone(2.0, (220, 330)), RATE, format="OGG", subtype="VORBIS")
    positions, indices, _, _ = cube()
    data = positions + indices
    with open("models/cube.bin", "wb") as file:
        file.write(data)
    with open("models/cube.gltf", "w", encoding="utf-8") as file:
        json.dump(model({"uri": "cube.bin"}), file, indent=1)
        file.write("\n")
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    with open("models/inside.gltf", "w", encoding="utf-8") as file:
        json.dump(model({"uri": uri}), file, indent=1)
        file.write("\n")
    text = json.dumps(model({})).encode()
    text += b" " * (-len(text) % 4)
    body = data + b"\0" * (-len(data) % 4)
    length = 12 + 8 + len(text) + 8 + len(body)
    with open("models/cube.glb", "wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, length))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(body), b"BIN\0") + body)


if __name__ == "__main__":
    main()
