"""Names and addresses, as nearcall's own programs read them."""

import os
import tempfile
import unittest
from unittest import mock

from nearcall_frames import OpenError, address


class Address(unittest.TestCase):
    def check(self, at, expected, **environment):
        with mock.patch.dict(os.environ, environment, clear=True):
            self.assertEqual(address.grpc_target(at), expected)

    def test_names_lead_to_sockets(self):
        run = {"XDG_RUNTIME_DIR": "/run/user/7"}
        self.check("render", "unix:/run/user/7/nearcall/default/render.sock", **run)
        self.check("render", "unix:/run/user/7/nearcall/arena/render.sock", NEARCALL_WORLD="arena", **run)
        self.check("arena.1/render.2", "unix:/run/user/7/nearcall/arena.1/render.2.sock", **run)
        self.check("render.2", "unix:/tmp/r.sock", NEARCALL_ADDRESS_RENDER_2="unix:/tmp/r.sock", **run)
        folder = f"{tempfile.gettempdir()}/nearcall-{os.geteuid()}"
        self.check("render", f"unix:{folder}/default/render.sock", XDG_RUNTIME_DIR="relative")

    def test_addresses_are_dialled(self):
        self.check("unix:/tmp/a.sock", "unix:/tmp/a.sock")
        self.check("unix:///tmp/a.sock", "unix:/tmp/a.sock")
        self.check("http://127.0.0.1:4000", "127.0.0.1:4000")

    def test_what_names_nothing_is_refused(self):
        for wrong in ("", "Render", "../render", "a/b/c", "file:/tmp/a", "a" * 33):
            with self.subTest(wrong), self.assertRaises(OpenError):
                address.grpc_target(wrong)

    def test_channels_name_their_server(self):
        self.assertEqual(address.split("render.main"), ("render", "render.main"))
        self.assertEqual(address.split("arena.1/render.main"), ("arena.1/render", "render.main"))
