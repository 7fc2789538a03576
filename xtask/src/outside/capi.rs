//! Programs of C and C++ at the C library: their calls, their misuse, and what they leave behind.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::capi;
use crate::check::Session;
use crate::tally::Tally;

use super::server::{Server, debug_programs, runtime_folder};
pub(super) use dotnet::windows as windows_csharp;
pub(super) use windows::windows;

mod dotnet;
mod windows;

const PROGRAMS: &str = "crates/nearcall-capi/tests/c";

/// The SDK for C++, and its test and example.
const CPP_SDK: &str = "sdk/cpp";

/// What readers of frames in every language find the same in.
const GOLDEN_FRAMES: &str = "testdata/frames";

/// The C# SDK and its tests.
const CSHARP: [&str; 9] = [
    "sdk/csharp/Native.cs",
    "sdk/csharp/Nearcall.cs",
    "sdk/csharp/Host.cs",
    "sdk/csharp/Frames.cs",
    "sdk/csharp/FrameLayout.cs",
    "sdk/csharp/tests/Tests.cs",
    "sdk/csharp/tests/FrameTests.cs",
    "sdk/csharp/tests/Json.cs",
    "examples/csharp/hello/Arith.cs",
];

/// How often the programs repeat what may leak: in full, and where each instruction is looked at.
const CALLS: &str = "10000";
const CALLS_LOOKED_AT: &str = "500";

/// How many frames a program takes where a leak would show: they come at sixty in a second.
const FRAMES: &str = "240";

/// What every program is compiled with.
const FLAGS: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];

/// What ends a program at the first access out of place, and at whatever it leaves behind.
const SANITIZERS: &[&str] = &[
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
];

/// Where the programs find what they need.
struct Places {
    prefix: PathBuf,
    /// The library as it is for debugging.
    unoptimised: PathBuf,
    out: PathBuf,
    /// For sockets: their paths are short.
    sockets: PathBuf,
    arith: String,
    mirror: String,
    arith_program: PathBuf,
    render_program: PathBuf,
}

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    capi::header(true)?;
    println!("ok   nearcall.h is what the code gives");
    tally += Tally::PASSED;

    let prefix = capi::install()?;
    let arith = Server::arith(session)?;
    let mirror = Server::mirror(session)?;
    let runtime = runtime_folder()?;
    let places = Places {
        prefix,
        unoptimised: unoptimised(session)?,
        out: session.target().join("outside/capi"),
        sockets: runtime.path().to_path_buf(),
        arith: format!("unix:{}", arith.socket.display()),
        mirror: format!("unix:{}", mirror.socket.display()),
        arith_program: session.target().join("release/arith"),
        render_program: render_program(session)?,
    };
    fs::create_dir_all(&places.out)?;
    for source in [
        "unary.c",
        "streams.c",
        "host.c",
        "callback.c",
        "frames.c",
        "wrapper.cpp",
        "frames.cpp",
    ] {
        sanitized(session, &places, source)?;
        looked_at(session, &places, source)?;
        tally += Tally::PASSED;
        tally += Tally::PASSED;
    }
    linked_in(session, &places)?;
    tally += Tally::PASSED;
    without_exceptions(session, &places)?;
    tally += Tally::PASSED;
    by_cmake(session, &places)?;
    tally += Tally::PASSED;
    layout(session, &places)?;
    tally += Tally::PASSED;
    example(session, &places)?;
    tally += Tally::PASSED;
    Ok(tally)
}

/// The C# SDK and its tests, compiled and run by Mono.
pub(crate) fn csharp(session: &Session<'_>) -> anyhow::Result<Tally> {
    let prefix = capi::install()?;
    let arith = Server::arith(session)?;
    let mirror = Server::mirror(session)?;
    let render = render_program(session)?;
    let runtime = runtime_folder()?;
    let out = session.target().join("outside/capi");
    fs::create_dir_all(&out)?;
    let program = out.join("csharp-tests.exe");
    compile_csharp(session, &program)?;
    let own = |name: &str| format!("unix:{}", runtime.path().join(name).display());
    let ended = session
        .program("mono")?
        .env("LD_LIBRARY_PATH", prefix.join("lib"))
        .arg(&program)
        .arg(format!("unix:{}", arith.socket.display()))
        .arg(own("csharp.sock"))
        .arg(format!("unix:{}", mirror.socket.display()))
        .arg(render)
        .arg(own("render.sock"))
        .arg(GOLDEN_FRAMES)
        .run()?;
    ensure!(ended.status.success(), "{}", ended.in_full());
    print!("{}", with_suffix(&ended.stdout, "under Mono"));
    Ok(Tally::PASSED)
}

/// Compiles the C# SDK and its tests.
fn compile_csharp(session: &Session<'_>, program: &Path) -> anyhow::Result<()> {
    let mut option = OsString::from("-out:");
    option.push(program);
    session
        .program("mcs")?
        .args(["-langversion:7", "-warnaserror"])
        .arg(option)
        .args(CSHARP)
        .succeed()?;
    Ok(())
}

/// The service whose frames are looked at.
fn render_program(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    session
        .cargo()?
        .args(["build", "--release", "--package", "render"])
        .succeed()?;
    Ok(session.target().join("release/render"))
}

/// The program under the sanitizers of addresses, leaks and undefined behaviour.
fn sanitized(session: &Session<'_>, places: &Places, source: &str) -> anyhow::Result<()> {
    let program = compile(session, places, source, "asan", SANITIZERS)?;
    let ended = session
        .program(&program)?
        .args(places.arguments(source, CALLS))
        .run()?;
    ensure!(ended.status.success(), "{}", ended.in_full());
    print!("{}", with_suffix(&ended.stdout, "sanitized"));
    Ok(())
}

/// The program as it is, with every access of it and of the library looked at.
fn looked_at(session: &Session<'_>, places: &Places, source: &str) -> anyhow::Result<()> {
    let program = compile(session, places, source, "plain", &[])?;
    let ended = session
        .program("valgrind")?
        .env("LD_LIBRARY_PATH", &places.unoptimised)
        .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
        .args(["--show-leak-kinds=definite,indirect"])
        .args(["--errors-for-leak-kinds=definite,indirect"])
        // Threads take turns there; without this one that polls may keep the others waiting.
        .arg("--fair-sched=yes")
        .arg(&program)
        .args(places.arguments(source, CALLS_LOOKED_AT))
        .run()?;
    ensure!(ended.status.success(), "{}", ended.in_full());
    print!("{}", with_suffix(&ended.stdout, "under valgrind"));
    Ok(())
}

/// A folder with the library for debugging. An optimised one reads both halves of an `Option` before it looks which of
/// them counts, and valgrind takes that for a read of what nobody wrote.
fn unoptimised(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    let built = debug_programs(session)?;
    let folder = session.outside()?.join("capi/unoptimised");
    fs::create_dir_all(&folder)?;
    let library = folder.join(capi::NAMES.installed);
    fs::remove_file(&library).ok();
    fs::copy(built.join(capi::NAMES.built), library)?;
    Ok(folder)
}

/// One program with the static library, by what pkg-config says.
fn linked_in(session: &Session<'_>, places: &Places) -> anyhow::Result<()> {
    let pkg_config = |flags: &[&str]| -> anyhow::Result<Vec<OsString>> {
        let ended = session
            .program("pkg-config")?
            .env("PKG_CONFIG_PATH", places.prefix.join("lib/pkgconfig"))
            .args(flags)
            .arg("nearcall")
            .succeed()?;
        Ok(ended
            .stdout
            .split_whitespace()
            .map(OsString::from)
            .collect())
    };
    let program = places.out.join("unary-static");
    session
        .program("gcc")?
        .arg("-std=c11")
        .args(FLAGS)
        .args(pkg_config(&["--cflags"])?)
        .arg(session.root.join(PROGRAMS).join("unary.c"))
        .arg("-o")
        .arg(&program)
        .args(["-Wl,-Bstatic"])
        .args(pkg_config(&["--libs-only-L", "--libs-only-l"])?)
        .arg("-Wl,-Bdynamic")
        .args([
            "-lgcc_s",
            "-lutil",
            "-lrt",
            "-lpthread",
            "-lm",
            "-ldl",
            "-lc",
        ])
        .succeed()?;
    let ended = session
        .program(&program)?
        .args(places.arguments("unary.c", CALLS_LOOKED_AT))
        .succeed()?;
    print!("{}", with_suffix(&ended.stdout, "static, by pkg-config"));
    Ok(())
}

/// Engines are built without exceptions and RTTI, and with more warnings.
fn without_exceptions(session: &Session<'_>, places: &Places) -> anyhow::Result<()> {
    session
        .program("g++")?
        .args([
            "-std=c++20",
            "-fsyntax-only",
            "-fno-exceptions",
            "-fno-rtti",
        ])
        .args(FLAGS)
        .args(["-Wshadow", "-Wconversion"])
        .arg("-I")
        .arg(places.prefix.join("include"))
        .args(["wrapper.cpp", "frames.cpp"].map(|name| session.root.join(PROGRAMS).join(name)))
        .succeed()?;
    println!("ok   nearcall.hpp without exceptions and RTTI");
    Ok(())
}

/// A project that says `find_package(nearcall)`.
fn by_cmake(session: &Session<'_>, places: &Places) -> anyhow::Result<()> {
    let build = places.out.join("cmake");
    session
        .program("cmake")?
        .arg("-S")
        .arg(session.root.join(PROGRAMS))
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", places.prefix.display()))
        .succeed()?;
    session
        .program("cmake")?
        .arg("--build")
        .arg(&build)
        .succeed()?;
    for program in ["shared", "static"] {
        let ended = session
            .program(build.join(program))?
            .args(places.arguments("unary.c", CALLS_LOOKED_AT))
            .succeed()?;
        let how = format!("{program}, by cmake");
        print!("{}", with_suffix(&ended.stdout, &how));
    }
    Ok(())
}

/// The header-only reader of regions, on the golden bytes.
fn layout(session: &Session<'_>, places: &Places) -> anyhow::Result<()> {
    let sdk = session.root.join(CPP_SDK);
    let program = places.out.join("layout");
    session
        .program("g++")?
        .arg("-std=c++20")
        .args(FLAGS)
        .args(["-Wshadow", "-Wconversion", "-fno-exceptions", "-fno-rtti"])
        .args(SANITIZERS)
        .arg("-I")
        .arg(sdk.join("include"))
        .arg(sdk.join("tests/golden.cpp"))
        .arg("-o")
        .arg(&program)
        .succeed()?;
    let ended = session
        .program(&program)?
        .arg(session.root.join(GOLDEN_FRAMES))
        .succeed()?;
    print!("{}", with_suffix(&ended.stdout, "sanitized"));
    Ok(())
}

/// The example of the SDK, built as its README says, saves a picture of a renderer.
fn example(session: &Session<'_>, places: &Places) -> anyhow::Result<()> {
    let build = places.out.join("cpp-example");
    session
        .program("cmake")?
        .arg("-S")
        .arg(session.root.join(CPP_SDK))
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", places.prefix.display()))
        .succeed()?;
    session
        .program("cmake")?
        .arg("--build")
        .arg(&build)
        .succeed()?;
    let render = Server::render(session)?;
    let picture = places.out.join("land.ppm");
    fs::remove_file(&picture).ok();
    session
        .program(build.join("save-picture"))?
        .arg(format!("unix:{}", render.socket.display()))
        .arg("render.main")
        .arg(&picture)
        .succeed()?;
    let found = fs::read(&picture)?;
    let head = b"P6\n480 270\n255\n";
    let pixels = found.strip_prefix(head.as_slice()).unwrap_or_default();
    ensure!(
        pixels.len() == 480 * 270 * 3,
        "expected a picture of 480x270, found {} bytes",
        found.len()
    );
    ensure!(
        pixels.iter().any(|byte| *byte != pixels[0]),
        "expected a landscape, found one colour"
    );
    println!("ok   save-picture, by cmake: {} bytes", found.len());
    Ok(())
}

fn compile(
    session: &Session<'_>,
    places: &Places,
    source: &str,
    kind: &str,
    flags: &[&str],
) -> anyhow::Result<PathBuf> {
    let program = places.out.join(format!("{source}-{kind}"));
    let (compiler, standard) = if source.ends_with(".cpp") {
        ("g++", "-std=c++20")
    } else {
        ("gcc", "-std=c11")
    };
    let lib = places.prefix.join("lib");
    session
        .program(compiler)?
        .arg(standard)
        .args(FLAGS)
        .args(flags)
        .arg("-I")
        .arg(places.prefix.join("include"))
        .arg(session.root.join(PROGRAMS).join(source))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&lib)
        .args(["-lnearcall", "-lpthread"])
        .arg(rpath(&lib))
        .succeed()?;
    Ok(program)
}

fn rpath(lib: &Path) -> OsString {
    let mut flag = OsString::from("-Wl,-rpath,");
    flag.push(lib);
    flag
}

impl Places {
    /// What a program is told, as its first lines say.
    fn arguments(&self, source: &str, calls: &str) -> Vec<OsString> {
        let own = |name: &str| format!("unix:{}", self.sockets.join(name).display());
        match source {
            "unary.c" => vec![self.arith.clone().into(), calls.into()],
            "streams.c" => vec![
                self.arith.clone().into(),
                self.arith_program.clone().into(),
                own("mortal.sock").into(),
            ],
            "host.c" => vec![own("host.sock").into(), calls.into()],
            "callback.c" => vec![self.mirror.clone().into(), calls.into()],
            "frames.c" => vec![
                self.render_program.clone().into(),
                own("frames.sock").into(),
                FRAMES.into(),
            ],
            "frames.cpp" => vec![
                self.render_program.clone().into(),
                own("wrapped.sock").into(),
            ],
            _ => vec![self.arith.clone().into(), own("wrapper.sock").into()],
        }
    }
}

/// The last line of a program, with how it was run.
fn with_suffix(stdout: &str, how: &str) -> String {
    stdout
        .lines()
        .filter(|line| line.starts_with("ok "))
        .map(|line| format!("{line}, {how}\n"))
        .collect()
}
