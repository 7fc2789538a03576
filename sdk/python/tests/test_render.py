"""Frames of the real `render`, in every tier."""

import subprocess
import sys
import threading
import time
import unittest
from datetime import timedelta
from pathlib import Path

import numpy

import nearcall_frames
from nearcall_frames import AllHeld, Block, DropOldest, Latest, OpenError, Sample
from nearcall_frames.stream import TIERS

from .render import Render

PATIENCE = 30.0
AGENT = Path(__file__).parents[3] / "examples" / "python" / "numpy_agent.py"


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.render = Render().start()
        cls.addClassCleanup(cls.render.__exit__)

    def open(self, **options):
        stream = nearcall_frames.open("render.main", at=self.render.at, **options)
        self.addCleanup(stream.close)
        return stream

    def test_every_tier_brings_pictures(self):
        for tier in TIERS:
            with self.subTest(tier):
                stream = self.open(tiers=[tier])
                self.assertEqual(stream.tier, tier)
                seen = []
                for _ in range(5):
                    with stream.next(PATIENCE) as frame:
                        seen.append(frame.seq)
                        self.assertEqual((frame.tier, frame.epoch), (tier, stream.epoch))
                        self.assertEqual(frame.array.shape, (270, 480, 4))
                        self.assertEqual(frame.meta.fourcc, b"AB24")
                        # Sky over land: the picture is opaque, and its rows differ.
                        self.assertTrue((frame.array[..., 3] == 255).all())
                        self.assertGreater(frame.array[..., :3].std(), 5)
                        self.assertFalse(frame.array.flags.writeable)
                        self.assertLess(abs(time.time_ns() - frame.info.published), 60e9)
                self.assertEqual(seen, sorted(set(seen)))
                stream.close()

    def test_the_tiers_agree_on_a_frame(self):
        streams = [self.open(tiers=[tier], policy=DropOldest(2)) for tier in TIERS]
        found = [{} for _ in TIERS]
        until = time.monotonic() + PATIENCE
        while not set.intersection(*map(set, found)) and time.monotonic() < until:
            for frames, stream in zip(found, streams):
                with stream.next(PATIENCE) as frame:
                    frames[frame.seq] = frame.copy()
        common = set.intersection(*map(set, found))
        self.assertTrue(common, "no frame came to all of them")
        for seq in common:
            for frames in found[1:]:
                numpy.testing.assert_array_equal(found[0][seq], frames[seq])

    def test_a_held_frame_stays_as_it_is(self):
        for tier in ("broker", "proc"):
            with self.subTest(tier):
                stream = self.open(tiers=[tier], pins=2)
                held = stream.next(PATIENCE)
                before = held.copy()
                # More frames than there are slots: the writer goes around the one that is held.
                for _ in range(30):
                    stream.next(PATIENCE).release()
                numpy.testing.assert_array_equal(held.array, before)
                # The array alone holds it as well, and the stream's end does not end that.
                array = held.array
                held.release()
                stream.close()
                other = self.open(tiers=[tier])
                for _ in range(15):
                    other.next(PATIENCE).release()
                numpy.testing.assert_array_equal(array, before)

    def test_who_keeps_all_frames_is_told(self):
        for tier in ("broker", "proc"):
            with self.subTest(tier):
                stream = self.open(tiers=[tier], pins=2)
                frames = [stream.next(PATIENCE) for _ in range(2)]
                with self.assertRaises(AllHeld):
                    stream.next(PATIENCE)
                frames.pop(0).release()
                self.assertGreater(stream.next(PATIENCE).seq, frames[0].seq)

    def test_who_has_left_holds_nobody_up(self):
        stream = self.open(tiers=["broker"], policy=Block(timedelta(seconds=5)))
        kept = stream.next(PATIENCE)
        stream.close()
        other = self.open(tiers=["broker"])
        begun = time.monotonic()
        for _ in range(8):
            other.next(PATIENCE).release()
        # Each of them would have waited for five seconds.
        self.assertLess(time.monotonic() - begun, 25)
        self.assertEqual(kept.array.shape, (270, 480, 4))

    def test_who_lags_finds_a_gap(self):
        for tier in TIERS:
            with self.subTest(tier):
                stream = self.open(tiers=[tier], policy=DropOldest(2))
                first = stream.next(PATIENCE).seq
                seen, lost = first, 0
                until = time.monotonic() + PATIENCE
                while not lost and time.monotonic() < until:
                    time.sleep(0.3)
                    frame = stream.next(PATIENCE)
                    self.assertEqual(frame.seq, seen + frame.lost + 1)
                    seen, lost = frame.seq, lost + frame.lost
                self.assertGreater(lost, 0)
                self.assertEqual(stream.lost, lost)

    def test_sample_comes_now_and_then(self):
        stream = self.open(policy=Sample(5))
        stream.next(PATIENCE).release()
        begun = time.monotonic()
        for _ in range(3):
            stream.next(PATIENCE).release()
        self.assertGreater(time.monotonic() - begun, 0.5)

    def test_a_wait_ends(self):
        stream = self.open(policy=Sample(1))
        stream.next(PATIENCE).release()
        self.assertRaises(TimeoutError, stream.next, 0.05)

    def test_what_is_not_there_is_told(self):
        with self.assertRaises(OpenError) as refused:
            nearcall_frames.open("render.nothing", at=self.render.at)
        self.assertEqual(refused.exception.status, "NOT_FOUND")
        with self.assertRaises(OpenError) as refused:
            nearcall_frames.open("render.main", at=f"{self.render.at}-nobody")
        self.assertEqual(refused.exception.status, "UNAVAILABLE")

    def test_stats_show_who_reads(self):
        stream = self.open(pins=3)
        frame = stream.next(PATIENCE)
        stats = stream.stats()
        self.assertGreaterEqual(stats.channel.latest, frame.seq)
        held = [one for one in stats.subscriptions if one.pins_granted == 3]
        self.assertEqual([one.pins for one in held], [1])


    def test_the_example_sees_the_pictures(self):
        command = [sys.executable, AGENT, "--at", self.render.at, "--frames", "10", "--seconds", "0", "--pixels", "all"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertRegex(told.stdout.splitlines()[-1], r"^10 frames in [0-9.]+ s: [0-9.]+ frames/s from 1 channel\(s\)$")


class Restarts(unittest.TestCase):
    def test_readers_come_back_when_the_server_does(self):
        for tier in TIERS:
            with self.subTest(tier), Render() as render:
                with nearcall_frames.open("render.main", at=render.at, tiers=[tier]) as stream:
                    held, epoch = stream.next(PATIENCE), stream.epoch
                    before = held.copy()
                    render.kill()
                    numpy.testing.assert_array_equal(held.array, before)
                    again = threading.Timer(0.3, render.start)
                    again.start()
                    until = time.monotonic() + PATIENCE
                    frame = stream.next(PATIENCE)
                    while frame.epoch == epoch and time.monotonic() < until:
                        frame.release()
                        frame = stream.next(PATIENCE)
                    again.join()
                    self.assertNotEqual(frame.epoch, epoch)
                    self.assertEqual(frame.epoch, stream.epoch)
                    numpy.testing.assert_array_equal(held.array, before)

    def test_several_worlds_at_once(self):
        with Render("one") as one, Render("two", "320x200@60") as two:
            streams = [nearcall_frames.open("render.main", at=each.at, policy=Latest()) for each in (one, two)]
            shapes = set()
            with nearcall_frames.Group(streams) as group:
                for _ in range(20):
                    stream, frame = group.next(PATIENCE)
                    self.assertIn(stream, streams)
                    shapes.add(frame.array.shape)
                    frame.release()
            self.assertEqual(shapes, {(270, 480, 4), (200, 320, 4)})


if __name__ == "__main__":
    unittest.main()
