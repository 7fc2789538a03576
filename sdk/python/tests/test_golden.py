"""The files that readers in every language read, bad ones included."""

import json
import mmap
import os
import unittest
from pathlib import Path

from nearcall_frames import layout, memory, meta
from nearcall_frames.atomics import ATOMICS, LibAtomic, MemBarrier
from nearcall_frames.errors import Damaged, Overtaken, RegionRefused
from nearcall_frames.frame import Frame
from nearcall_frames.geometry import Geometry
from nearcall_frames.header import Identity
from nearcall_frames.policy import Latest
from nearcall_frames.reader import CLOSED, NOTHING, Grant, Reader

FOLDER = Path(os.environ.get("NEARCALL_TESTDATA") or Path(__file__).parents[3] / "testdata" / "frames")
LIST = json.loads((FOLDER / "cases.json").read_text())


def granted():
    says = LIST["granted"]
    identity = Identity(*(int(says[name], 16) for name in ("epoch", "channel", "region")))
    return Grant(1, identity, Geometry(says["slots"], says["payload_bytes"], says["history"]), 1, Latest(), 1)


def reader_of(file, atomics=ATOMICS):
    with (FOLDER / file).open("rb") as opened:
        region = memory.map_file(opened.fileno(), os.fstat(opened.fileno()).st_size, mmap.PROT_READ)
    page = memory.map_file(-1, layout.PAGE_BYTES, mmap.PROT_READ | mmap.PROT_WRITE)
    return Reader(region, page, granted(), atomics), page


def words(page):
    """A return page as its server sees it."""
    word = lambda at: int.from_bytes(page.read(at, 8), "little")
    pins = [word(layout.AT["page.pins"] + 8 * index) for index in range(16)]
    return word(layout.AT["page.consumed"]), word(layout.AT["page.wake_after"]), [pin for pin in pins if pin]


def described(found):
    """Meta as the list writes it."""
    if isinstance(found, meta.Opaque):
        return {"kind": "opaque", "bytes": found.bytes.hex()}
    if isinstance(found, meta.Video):
        damage = [[one.x, one.y, one.width, one.height] for one in found.damage]
        says = {"kind": "video", "width": found.width, "height": found.height, "stride": found.stride}
        return says | {"fourcc": found.fourcc.decode(), "damage": damage}
    if isinstance(found, meta.Audio):
        says = {"kind": "audio", "rate": found.rate, "channels": found.channels, "format": int(found.format)}
        return says | {"pts": found.pts, "moments": found.moments}
    if isinstance(found, meta.State):
        return {"kind": "state", "schema": f"{found.schema:016x}", "base": found.base, "state": int(found.kind)}
    return {"kind": "unknown", "number": found.kind}


class Golden(unittest.TestCase):
    def test_the_layout_is_the_lists(self):
        fields = tuple((field["name"], field["at"], field["bytes"]) for field in LIST["fields"])
        self.assertEqual(fields, layout.FIELDS)
        self.assertEqual(f"{layout.LAYOUT_HASH:016x}", LIST["layout_hash"])

    def test_every_file_is_read_as_its_list_says(self):
        self.assertGreaterEqual(len(LIST["cases"]), 17)
        for case in LIST["cases"]:
            with self.subTest(case["file"], what=case["what"]):
                self.check(case["file"], case["finds"])

    def check(self, file, finds):
        if "refused" in finds:
            with self.assertRaises(RegionRefused) as refused:
                reader_of(file)
            self.assertEqual(refused.exception.reason, finds["refused"], str(refused.exception))
            return
        reader, page = reader_of(file)
        if "no_frame" in finds:
            expected = {"damaged": Damaged, "overtaken": Overtaken}.get(finds["no_frame"])
            if expected is None:
                self.assertEqual(reader.next(), NOTHING)
            else:
                self.assertRaises(expected, reader.next)
            self.assertEqual(words(page)[2], [], "what was not leased is not pinned")
            return
        expected = finds["frame"]
        frame = reader.next()
        self.assertIsInstance(frame, Frame)
        found = {
            "seq": frame.seq,
            "payload": frame.bytes.tobytes().hex(),
            "captured": frame.info.captured,
            "published": frame.info.published,
            "crc": frame.info.crc,
            "user": frame.info.user.hex(),
            "meta": described(frame.meta),
        }
        self.assertEqual(found, {name: expected[name] for name in found})
        self.assertEqual(words(page), (2, 0, [2 << 16 | expected["slot"] + 1]))
        frame.release()
        self.assertEqual(words(page)[2], [], "a frame that is let go of is not pinned")
        self.assertEqual(reader.next(), CLOSED if file == "closed.region" else NOTHING)

    def test_the_return_page_is_as_the_writer_expects_it(self):
        expected = LIST["return_page"]
        reader, page = reader_of("opaque.region")
        frame = reader.next()
        self.assertTrue(reader.sleep())
        self.assertEqual(words(page), (expected["consumed"], expected["wake_after"], expected["pins"]))
        self.assertEqual(page.read(0, layout.PAGE_BYTES), (FOLDER / expected["file"]).read_bytes())
        self.assertEqual(frame.seq, 2)

    def test_a_view_keeps_its_frame(self):
        reader, page = reader_of("video.region")
        frame = reader.next()
        row = frame.array[1, :, 2]
        self.assertFalse(row.flags.writeable)
        frame.release()
        self.assertRaises(ValueError, lambda: frame.array)
        self.assertEqual(len(words(page)[2]), 1, "an array is still there")
        del row
        self.assertEqual(words(page)[2], [])

    def test_both_fences_lease(self):
        import ctypes

        for kind in (LibAtomic, MemBarrier):
            with self.subTest(kind.name):
                try:
                    atomics = kind(ctypes)
                except OSError as error:
                    print(f"{kind.name} is not tried: {error}")
                    continue
                reader, page = reader_of("opaque.region", atomics)
                self.assertEqual(reader.next().bytes.tobytes(), b"payload")
                self.assertEqual(words(page)[2], [])

    def test_memory_that_could_change_is_not_mapped(self):
        with (FOLDER / "opaque.region").open("rb") as file:
            with self.assertRaises(RegionRefused) as refused:
                memory.open_region(file.fileno(), LIST["granted"]["region_bytes"])
        self.assertEqual(refused.exception.reason, "memory")
        for seals in (0, memory.SEAL_SHRINK | memory.SEAL_GROW):
            descriptor = os.memfd_create("test", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            self.addCleanup(os.close, descriptor)
            os.ftruncate(descriptor, 16384)
            import fcntl

            fcntl.fcntl(descriptor, 1033, seals)
            self.assertRaises(RegionRefused, memory.open_region, descriptor, 16384)


if __name__ == "__main__":
    unittest.main()
