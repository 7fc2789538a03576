//! The same programs built by mingw, at `nearcall.dll` and named pipes: each a process of its own under Wine.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::{CALLS_LOOKED_AT, FLAGS, FRAMES, PROGRAMS, with_suffix};
use crate::capi;
use crate::capi::windows::{DLL, functions};
use crate::check::Session;
use crate::outside::wine::WineServer;
use crate::program::Program;
use crate::tally::Tally;
use crate::windows::{self, Kit, TARGET};

/// mingw with the threads of POSIX, which the programs use.
const GCC: &str = "x86_64-w64-mingw32-gcc-posix";
const GXX: &str = "x86_64-w64-mingw32-g++-posix";

const OBJDUMP: &str = "x86_64-w64-mingw32-objdump";

const SOURCES: [&str; 7] = [
    "unary.c",
    "streams.c",
    "host.c",
    "callback.c",
    "frames.c",
    "wrapper.cpp",
    "frames.cpp",
];

/// Where the programs find what they need.
pub(super) struct Places<'a> {
    session: &'a Session<'a>,
    kit: &'a Kit,
    /// The library as it is installed.
    prefix: PathBuf,
    pub(super) out: PathBuf,
    /// Where cargo builds.
    pub(super) built: PathBuf,
    pub(super) arith: WineServer,
    pub(super) mirror: WineServer,
}

pub(in crate::outside) fn windows(session: &Session<'_>) -> anyhow::Result<Tally> {
    let kit = Kit::of(session)?;
    let places = Places::of(session, &kit)?;
    let mut tally = Tally::default();
    places.exports()?;
    tally += Tally::PASSED;
    for source in SOURCES {
        let program = places.compile(source)?;
        places.run(source, &program, "by Wine")?;
        tally += Tally::PASSED;
    }
    places.by_cmake()?;
    tally += Tally::PASSED;
    Ok(tally)
}

impl<'a> Places<'a> {
    /// Builds and installs the library, and starts what the programs call.
    pub(super) fn of(session: &'a Session<'a>, kit: &'a Kit) -> anyhow::Result<Self> {
        windows::build(session)?;
        let built = kit.built.join(TARGET).join("debug");
        let prefix = session.target().join("capi-windows-debug");
        capi::windows::install(session.root, &built, &prefix)?;
        let out = session.outside()?.join("capi-windows");
        fs::create_dir_all(&out)?;
        // Where a program of Windows looks first for a library.
        fs::copy(prefix.join("bin").join(DLL), out.join(DLL))?;
        let server =
            |program: &str, name: &str| WineServer::start(session, kit, &built.join(program), name);
        Ok(Self {
            arith: server("arith.exe", "nearcall-c-arith")?,
            mirror: server("mirror-server.exe", "nearcall-c-mirror")?,
            session,
            kit,
            prefix,
            out,
            built,
        })
    }

    /// The library has what the header says, and nothing else that could collide.
    fn exports(&self) -> anyhow::Result<()> {
        let header = fs::read_to_string(self.prefix.join("include/nearcall.h"))?;
        let declared: BTreeSet<_> = functions(&header).into_iter().collect();
        ensure!(!declared.is_empty(), "the header should declare functions");
        let ended = self
            .session
            .program(OBJDUMP)?
            .arg("--private-headers")
            .arg(self.prefix.join("bin").join(DLL))
            .succeed()?;
        let (_, table) = ended
            .stdout
            .split_once("[Ordinal/Name Pointer] Table")
            .context("the library should have a table of names")?;
        let exported: BTreeSet<_> = table
            .lines()
            .skip(1)
            .take_while(|line| line.trim_start().starts_with('['))
            .filter_map(|line| line.split_whitespace().last())
            .collect();
        let odd: Vec<_> = declared.symmetric_difference(&exported).collect();
        ensure!(
            odd.is_empty(),
            "nearcall.h and {DLL} should have the same functions; one of them alone has {odd:?}"
        );
        println!(
            "ok   {DLL} has the {} functions of nearcall.h",
            exported.len()
        );
        Ok(())
    }

    fn compile(&self, source: &str) -> anyhow::Result<PathBuf> {
        let program = self.out.join(format!("{source}.exe"));
        let (compiler, standard) = if source.ends_with(".cpp") {
            (GXX, "-std=c++20")
        } else {
            (GCC, "-std=c11")
        };
        self.session
            .program(compiler)?
            .arg(standard)
            .args(FLAGS)
            // What mingw's own libraries are, so that the program needs none of them beside it.
            .arg("-static")
            .arg("-I")
            .arg(self.prefix.join("include"))
            .arg(self.session.root.join(PROGRAMS).join(source))
            .arg("-o")
            .arg(&program)
            .arg("-L")
            .arg(self.prefix.join("lib"))
            .args(["-Wl,-Bdynamic", "-lnearcall", "-Wl,-Bstatic", "-lpthread"])
            .succeed()?;
        self.needs_library(&program, true)?;
        Ok(program)
    }

    /// Whether a program asks for the library where it is loaded.
    fn needs_library(&self, program: &Path, expected: bool) -> anyhow::Result<()> {
        let ended = self
            .session
            .program(OBJDUMP)?
            .arg("--private-headers")
            .arg(program)
            .succeed()?;
        let needs = format!("DLL Name: {DLL}");
        let found = ended.stdout.lines().any(|line| line.trim() == needs);
        ensure!(
            found == expected,
            "{} {} for {DLL}",
            program.display(),
            if found { "asks" } else { "does not ask" }
        );
        Ok(())
    }

    fn run(&self, source: &str, program: &Path, how: &str) -> anyhow::Result<()> {
        let ended = self.wine(program)?.args(self.arguments(source)).run()?;
        ensure!(
            ended.status.success(),
            "{}\narith wrote:{}\nthe mirror wrote:{}",
            ended.in_full(),
            self.arith.written(),
            self.mirror.written()
        );
        let said = with_suffix(&ended.stdout, how);
        ensure!(!said.is_empty(), "{}", ended.in_full());
        print!("{said}");
        Ok(())
    }

    pub(super) fn wine(&self, program: &Path) -> anyhow::Result<Program> {
        Ok(self
            .kit
            .set(self.session.program(&self.kit.wine)?.arg(program)))
    }

    /// A project that says `find_package(nearcall)`, built for Windows, with the shared library and the static one.
    fn by_cmake(&self) -> anyhow::Result<()> {
        let build = self.out.join("cmake");
        self.session
            .program("cmake")?
            .arg("-S")
            .arg(self.session.root.join(PROGRAMS))
            .arg("-B")
            .arg(&build)
            .args([
                "-DCMAKE_SYSTEM_NAME=Windows",
                &format!("-DCMAKE_C_COMPILER={GCC}"),
            ])
            .arg(format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display()))
            .succeed()?;
        self.session
            .program("cmake")?
            .arg("--build")
            .arg(&build)
            .succeed()?;
        fs::copy(self.prefix.join("bin").join(DLL), build.join(DLL))?;
        for (name, shared) in [("shared", true), ("static", false)] {
            let program = build.join(format!("{name}.exe"));
            self.needs_library(&program, shared)?;
            self.run("unary.c", &program, &format!("{name}, by cmake and Wine"))?;
        }
        Ok(())
    }

    /// What a program is told, as its first lines say.
    fn arguments(&self, source: &str) -> Vec<OsString> {
        let built = |program: &str| on_windows(&self.built.join(program));
        let (arith, mirror) = (&self.arith.address, &self.mirror.address);
        match source {
            "unary.c" => vec![arith.into(), CALLS_LOOKED_AT.into()],
            "streams.c" => vec![arith.into(), built("arith.exe"), own("mortal").into()],
            "host.c" => vec![own("host").into(), CALLS_LOOKED_AT.into()],
            "callback.c" => vec![mirror.into(), CALLS_LOOKED_AT.into()],
            "frames.c" => vec![built("render.exe"), own("frames").into(), FRAMES.into()],
            "frames.cpp" => vec![built("render.exe"), own("wrapped").into()],
            _ => vec![arith.into(), own("wrapper").into()],
        }
    }
}

/// A pipe of a program's own.
pub(super) fn own(name: &str) -> String {
    format!("pipe:nearcall-c-{name}.{}", std::process::id())
}

/// A path as Wine has it: the folders of this machine are under the drive Z.
pub(super) fn on_windows(path: &Path) -> OsString {
    let mut there = OsString::from("Z:");
    there.push(path);
    there
}
