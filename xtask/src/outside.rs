//! The checks by stock tools: what nearcall promises, seen from outside.
//!
//! Each sets itself up under `target/`, from lists of versions that are committed in `tests/outside`, and leaves the
//! home folder of the user alone.

use std::time::Duration;

use crate::check::{Check, Tool};

mod buf;
mod capi;
mod dial;
mod frames;
mod go;
mod grpcurl;
mod interop;
mod languages;
mod lifecycle;
mod new_project;
mod npm;
mod python;
mod server;
mod wine;

const MINUTES: u64 = 60;

const GCC: Tool = Tool(&["gcc", "--version"]);
const GXX: Tool = Tool(&["g++", "--version"]);
/// mingw with the threads of POSIX: the others have no `std::thread`.
const MINGW_GXX: Tool = Tool(&["x86_64-w64-mingw32-g++-posix", "--version"]);
const VALGRIND: Tool = Tool(&["valgrind", "--version"]);
const CMAKE: Tool = Tool(&["cmake", "--version"]);
const PKG_CONFIG: Tool = Tool(&["pkg-config", "--version"]);
const MCS: Tool = Tool(&["mcs", "--version"]);
const MONO: Tool = Tool(&["mono", "--version"]);
const PYTHON: Tool = Tool(&["python3", "-c", "import ensurepip, venv"]);
const NPM: Tool = Tool(&["npm", "--version"]);
const NODE: Tool = Tool(&["node", "--version"]);
const GO: Tool = Tool(&["go", "version"]);
const PROTOC: Tool = Tool(&["protoc", "--version"]);
const JAVAC: Tool = Tool(&["javac", "-version"]);
const MAVEN: Tool = Tool(&["mvn", "--version"]);

/// What programs that are not of Rust make of a named pipe.
pub(crate) fn windows() -> Vec<Check> {
    vec![
        Check {
            name: "windows-go",
            about: "grpc-go with go-winio calls arith at a named pipe by Wine, by hand and as `nearcall dial` writes it",
            needs: &[GO, PROTOC],
            limit: Duration::from_secs(30 * MINUTES),
            run: languages::go,
        },
        Check {
            name: "windows-node",
            about: "Node of Windows with @grpc/grpc-js calls arith at a named pipe by Wine, by hand and as `nearcall dial` writes it",
            needs: &[NODE, NPM],
            limit: Duration::from_secs(20 * MINUTES),
            run: languages::node,
        },
        Check {
            name: "windows-capi",
            about: "C and C++ programs, built for Windows, call, host and misuse nearcall.dll at named pipes by Wine",
            needs: &[MINGW_GXX, CMAKE],
            limit: Duration::from_secs(40 * MINUTES),
            run: capi::windows,
        },
        Check {
            name: "windows-csharp",
            about: "the C# SDK under .NET of Windows calls, hosts, polls and looks at frames at nearcall.dll by Wine",
            needs: &[PYTHON, MCS],
            limit: Duration::from_secs(40 * MINUTES),
            run: capi::windows_csharp,
        },
    ]
}

/// The checks, in the order that builds least twice.
pub(crate) fn checks() -> Vec<Check> {
    vec![
        Check {
            name: "demo-and-lifecycle",
            about: "the demo, then up, ps, call and down, which leaves nothing behind",
            needs: &[],
            limit: Duration::from_secs(20 * MINUTES),
            run: lifecycle::run,
        },
        Check {
            name: "python-grpcio",
            about: "grpcio with no option set calls nearcall, and is refused by plain tonic",
            needs: &[PYTHON],
            limit: Duration::from_secs(15 * MINUTES),
            run: python::run,
        },
        Check {
            name: "lane-python",
            about: "a client in Python that was written from the lane's page alone calls nearcall over the lane",
            needs: &[PYTHON],
            limit: Duration::from_secs(15 * MINUTES),
            run: python::lane,
        },
        Check {
            name: "python-callback",
            about: "grpcio with no option set hosts a service that the server calls",
            needs: &[PYTHON],
            limit: Duration::from_secs(15 * MINUTES),
            run: python::callback,
        },
        Check {
            name: "grpcurl",
            about: "grpcurl lists, describes and calls over a Unix socket",
            needs: &[GO],
            limit: Duration::from_secs(15 * MINUTES),
            run: grpcurl::run,
        },
        Check {
            name: "language-matrix",
            about: "the example hello in every language prints one transcript, dialled as each library's manual says",
            needs: &[],
            limit: Duration::from_secs(20 * MINUTES),
            run: languages::matrix,
        },
        Check {
            name: "frames-python",
            about: "sdk/python reads the golden files, and render's pictures in every tier as numpy arrays",
            needs: &[PYTHON],
            limit: Duration::from_secs(20 * MINUTES),
            run: frames::python,
        },
        Check {
            name: "frames-go",
            about: "sdk/go reads the golden files, and render's pictures in every tier",
            needs: &[GO, PROTOC],
            limit: Duration::from_secs(20 * MINUTES),
            run: frames::go,
        },
        Check {
            name: "frames-node",
            about: "sdk/node reads the golden files, and render's pictures by position and inline",
            needs: &[NODE, NPM],
            limit: Duration::from_secs(15 * MINUTES),
            run: frames::node,
        },
        Check {
            name: "frames-java",
            about: "sdk/java reads the golden files, and render's pictures by position and inline",
            needs: &[JAVAC, MAVEN],
            limit: Duration::from_secs(20 * MINUTES),
            run: frames::java,
        },
        Check {
            name: "authority",
            about: "grpc-java with no option set is refused by plain tonic, and answered by nearcall",
            needs: &[],
            limit: Duration::from_secs(15 * MINUTES),
            run: languages::authority,
        },
        Check {
            name: "interop",
            about: "the public gRPC interop cases, by grpc-go's own client and by grpcio",
            needs: &[GO, PYTHON],
            limit: Duration::from_secs(20 * MINUTES),
            run: interop::run,
        },
        Check {
            name: "capi",
            about: "C and C++ programs call, host, look at frames and misuse the C library, under sanitizers and valgrind",
            needs: &[GCC, GXX, VALGRIND, CMAKE, PKG_CONFIG],
            limit: Duration::from_secs(20 * MINUTES),
            run: capi::run,
        },
        Check {
            name: "capi-csharp",
            about: "the C# SDK calls, hosts, polls and looks at frames under Mono",
            needs: &[MCS, MONO],
            limit: Duration::from_secs(15 * MINUTES),
            run: capi::csharp,
        },
        Check {
            name: "dial",
            about: "what `nearcall dial` writes for each language is set up and run as its head says",
            needs: &[],
            limit: Duration::from_secs(20 * MINUTES),
            run: dial::run,
        },
        Check {
            name: "bridge",
            about: "grpcio calls a service by its bridge, with the token and without",
            needs: &[PYTHON],
            limit: Duration::from_secs(15 * MINUTES),
            run: dial::bridge,
        },
        Check {
            name: "buf-lint",
            about: "buf finds the .proto files in good order",
            needs: &[NODE, NPM],
            limit: Duration::from_secs(5 * MINUTES),
            run: buf::run,
        },
        Check {
            name: "new-project",
            about: "what `nearcall new` writes passes its own tests",
            needs: &[],
            limit: Duration::from_secs(15 * MINUTES),
            run: new_project::run,
        },
    ]
}
