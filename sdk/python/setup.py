"""Makes the client of `frames.proto` while the package is built, so that none is committed."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROTO = "nearcall/frames/v1/frames.proto"


class BuildWithClient(build_py):
    """Also writes `nearcall/frames/v1/frames_pb2.py` and its gRPC part beside the package."""

    def run(self):
        super().run()
        import grpc_tools
        from grpc_tools import protoc

        proto = Path(__file__).resolve().parents[2] / "proto"
        Path(self.build_lib).mkdir(parents=True, exist_ok=True)
        failed = protoc.main(
            [
                "protoc",
                f"--proto_path={proto}",
                f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}",
                f"--python_out={self.build_lib}",
                f"--grpc_python_out={self.build_lib}",
                PROTO,
            ]
        )
        if failed:
            raise RuntimeError(f"protoc could not make a client of {PROTO}")


setup(packages=["nearcall_frames"], cmdclass={"build_py": BuildWithClient})
