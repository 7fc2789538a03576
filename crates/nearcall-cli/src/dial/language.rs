//! The languages: how each dials, what is written for it, and what sets it up.

use super::call::{Call, Kind, Place};
use super::names::quoted;
use super::pipe::{self, OnPipe, Own};
use super::words;

/// A language with one library.
#[derive(Debug)]
pub(super) struct Language {
    /// As `--lang` takes it.
    pub(super) name: &'static str,
    pub(super) library: &'static str,
    /// The file that calls.
    pub(super) file: &'static str,
    /// What begins a line of comment.
    pub(super) comment: &'static str,
    needs: &'static str,
    /// The expression that dials a socket or a port; none where the library cannot.
    dial: fn(&Place) -> Option<String>,
    on_pipe: OnPipe,
    /// Whether what is written for Windows was run, on Windows or by Wine.
    tried_on_windows: bool,
    /// What is filled into the templates besides what all have.
    pub(super) words: fn(&Call) -> words::Words,
    main: &'static str,
    /// For each kind of call what stands for `{{call}}`.
    calls: [Option<&'static str>; 4],
    /// What else has to be there: path and text.
    pub(super) files: &'static [(&'static str, &'static str)],
    setup: &'static [&'static str],
    run: &'static str,
}

impl Language {
    /// The expression that dials; none where the library cannot dial that kind of place.
    pub(super) fn dial(&self, place: &Place) -> Option<String> {
        match (&place.pipe, &self.on_pipe) {
            (None, _) | (_, OnPipe::Same) => (self.dial)(place),
            (Some(pipe), OnPipe::Own(own)) => Some((own.dial)(place, pipe)),
            (Some(_), OnPipe::No) => None,
        }
    }

    /// What has to be there.
    pub(super) fn needs(&self, place: &Place) -> &'static str {
        self.own(place).map_or(self.needs, |own| own.needs)
    }

    /// The commands that set a program up, once it is written.
    pub(super) fn setup(&self, place: &Place) -> &'static [&'static str] {
        self.own(place).map_or(self.setup, |own| own.setup)
    }

    /// The command that runs it.
    pub(super) fn run(&self, place: &Place) -> &'static str {
        self.own(place).map_or(self.run, |own| own.run)
    }

    /// Whether what is written for such a place was ever run.
    pub(super) const fn is_tried(&self, place: &Place) -> bool {
        place.pipe.is_none() || self.tried_on_windows
    }

    fn own(&self, place: &Place) -> Option<&Own> {
        match &self.on_pipe {
            OnPipe::Own(own) if place.pipe.is_some() => Some(own),
            _ => None,
        }
    }

    /// The template of the file that calls a method of a kind, where the language has one.
    pub(super) fn template(&self, kind: Kind) -> Option<String> {
        let call = self.calls.get(kind as usize).copied().flatten()?;
        Some(self.main.replace("{{call}}", call))
    }
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../templates/dial/", $path, ".tmpl"))
    };
}

const NODE_SETUP: &[&str] = &[
    "npm install --ignore-scripts --no-audit --no-fund",
    "npm run build",
];

const NODE_RUN: &str = "node build/client.js";

const CSHARP_SETUP: &[&str] = &["dotnet build"];

const CSHARP_RUN: &str = "dotnet run --no-build";

/// Every language, in the order in which they are listed.
pub(super) const LANGUAGES: &[Language] = &[
    Language {
        name: "rust",
        library: "nearcall",
        file: "src/main.rs",
        comment: "//!",
        needs: "Rust 1.88",
        dial: |place| {
            Some(format!(
                "nearcall::connect({}).await?",
                quoted(&place.target)
            ))
        },
        on_pipe: OnPipe::Same,
        tried_on_windows: false,
        words: words::rust,
        main: template!("rust/main.rs"),
        calls: [
            Some(template!("rust/unary")),
            Some(template!("rust/server")),
            Some(template!("rust/client")),
            Some(template!("rust/bidi")),
        ],
        files: &[
            ("Cargo.toml", template!("rust/Cargo.toml")),
            ("build.rs", template!("rust/build.rs")),
        ],
        setup: &["cargo build"],
        run: "cargo run --quiet",
    },
    Language {
        name: "go",
        library: "grpc-go",
        file: "main.go",
        comment: "//",
        needs: "Go 1.25 and protoc",
        dial: |place| {
            let uri = quoted(&place.uri("unix://")?);
            Some(format!(
                "grpc.NewClient({uri}, grpc.WithTransportCredentials(insecure.NewCredentials()))"
            ))
        },
        on_pipe: OnPipe::Own(Own {
            dial: pipe::go,
            needs: "Go 1.25, protoc, and a sh such as the one of Git for Windows",
            setup: &[
                "go mod tidy -e",
                "sh generate.sh",
                "go mod tidy",
                "go build -o client.exe .",
            ],
            run: "./client.exe",
        }),
        tried_on_windows: true,
        words: words::go,
        main: template!("go/main.go"),
        calls: [
            Some(template!("go/unary")),
            Some(template!("go/server")),
            Some(template!("go/client")),
            Some(template!("go/bidi")),
        ],
        files: &[
            ("go.mod", template!("go/go.mod")),
            ("generate.sh", template!("go/generate.sh")),
        ],
        setup: &[
            "go mod tidy -e",
            "sh generate.sh",
            "go mod tidy",
            "go build -o client .",
        ],
        run: "./client",
    },
    Language {
        name: "python",
        library: "grpcio",
        file: "client.py",
        comment: "#",
        needs: "Python 3.9",
        dial: |place| {
            let uri = quoted(&place.uri("unix:")?);
            Some(format!("grpc.insecure_channel({uri})"))
        },
        on_pipe: OnPipe::No,
        tried_on_windows: false,
        words: words::python,
        main: template!("python/client.py"),
        calls: [
            Some(template!("python/unary")),
            Some(template!("python/server")),
            Some(template!("python/client")),
            Some(template!("python/bidi")),
        ],
        files: &[],
        setup: &[
            "python3 -m venv venv",
            "venv/bin/pip install --quiet grpcio grpcio-tools",
            "venv/bin/python -m grpc_tools.protoc --proto_path=proto --python_out=. --grpc_python_out=. {{protos}}",
        ],
        run: "venv/bin/python client.py",
    },
    Language {
        name: "grpclib",
        library: "grpclib, for Python's asyncio",
        file: "client.py",
        comment: "#",
        needs: "Python 3.9",
        dial: |place| match place {
            Place {
                path: Some(path), ..
            } => Some(format!("Channel(path={})", quoted(path))),
            Place {
                host: Some((host, port)),
                ..
            } => Some(format!("Channel({}, {port})", quoted(host))),
            _ => None,
        },
        on_pipe: OnPipe::No,
        tried_on_windows: false,
        words: words::grpclib,
        main: template!("grpclib/client.py"),
        calls: [
            Some(template!("grpclib/unary")),
            Some(template!("grpclib/server")),
            Some(template!("grpclib/client")),
            Some(template!("grpclib/bidi")),
        ],
        files: &[],
        setup: &[
            "python3 -m venv venv",
            "venv/bin/pip install --quiet grpclib grpcio-tools",
            "PATH=venv/bin:$PATH python -m grpc_tools.protoc --proto_path=proto --python_out=. --grpclib_python_out=. {{protos}}",
        ],
        run: "venv/bin/python client.py",
    },
    Language {
        name: "node",
        library: "@grpc/grpc-js, in TypeScript",
        file: "client.ts",
        comment: "//",
        needs: "Node 20",
        dial: |place| {
            let uri = quoted(&place.uri("unix://")?);
            let service = &place.service;
            Some(format!(
                "new {service}Client({uri}, credentials.createInsecure())"
            ))
        },
        on_pipe: OnPipe::Own(Own {
            dial: pipe::node,
            needs: "Node 20",
            setup: NODE_SETUP,
            run: NODE_RUN,
        }),
        tried_on_windows: true,
        words: words::node,
        main: template!("node/client.ts"),
        calls: [
            Some(template!("node/unary")),
            Some(template!("node/server")),
            None,
            None,
        ],
        files: &[
            ("package.json", template!("node/package.json")),
            ("buf.gen.yaml", template!("node/buf.gen.yaml")),
            ("tsconfig.json", template!("node/tsconfig.json")),
        ],
        setup: NODE_SETUP,
        run: NODE_RUN,
    },
    Language {
        name: "cpp",
        library: "grpc++",
        file: "client.cc",
        comment: "//",
        needs: "a C++17 compiler, grpc++, protoc and grpc_cpp_plugin",
        dial: |place| {
            let uri = quoted(&place.uri("unix:")?);
            Some(format!(
                "grpc::CreateChannel({uri}, grpc::InsecureChannelCredentials())"
            ))
        },
        on_pipe: OnPipe::No,
        tried_on_windows: false,
        words: words::cpp,
        main: template!("cpp/client.cc"),
        calls: [
            Some(template!("cpp/unary")),
            Some(template!("cpp/server")),
            None,
            None,
        ],
        files: &[],
        setup: &[
            "mkdir -p generated",
            "protoc --proto_path=proto --cpp_out=generated --grpc_out=generated --plugin=protoc-gen-grpc=\"$(command -v grpc_cpp_plugin)\" {{protos}}",
            "c++ -std=c++17 -Igenerated client.cc $(find generated -name '*.cc') $(pkg-config --cflags --libs grpc++ protobuf) -o client",
        ],
        run: "./client",
    },
    Language {
        name: "java",
        library: "grpc-java",
        file: "src/Client.java",
        comment: "//",
        needs: "a JDK 17 and Maven; on Linux, for epoll",
        dial: |place| {
            let uri = quoted(&place.uri("unix:")?);
            Some(format!(
                "Grpc.newChannelBuilder({uri}, InsecureChannelCredentials.create()).build()"
            ))
        },
        on_pipe: OnPipe::No,
        tried_on_windows: false,
        words: words::java,
        main: template!("java/Client.java"),
        calls: [
            Some(template!("java/unary")),
            Some(template!("java/server")),
            None,
            None,
        ],
        files: &[("pom.xml", template!("java/pom.xml"))],
        setup: &["mvn --batch-mode --no-transfer-progress --quiet compile"],
        run: "java -cp \"target/classes:target/dependency/*\" Client",
    },
    Language {
        name: "csharp",
        library: "Grpc.Net.Client",
        file: "Client.cs",
        comment: "//",
        needs: "the .NET SDK 8",
        dial: |place| match place {
            Place {
                path: Some(path), ..
            } => Some(format!(
                "GrpcChannel.ForAddress(\"http://localhost\", new GrpcChannelOptions\n{{\n    \
                 HttpHandler = new SocketsHttpHandler\n    {{\n        \
                 ConnectCallback = async (_, cancel) =>\n        {{\n            \
                 var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);\n            \
                 await socket.ConnectAsync(new UnixDomainSocketEndPoint({}), cancel);\n            \
                 return new NetworkStream(socket, ownsSocket: true);\n        }},\n    }},\n}})",
                quoted(path)
            )),
            _ => Some(format!(
                "GrpcChannel.ForAddress({})",
                quoted(&format!("http://{}", place.uri("")?))
            )),
        },
        on_pipe: OnPipe::Own(Own {
            dial: pipe::csharp,
            needs: "the .NET SDK 8",
            setup: CSHARP_SETUP,
            run: CSHARP_RUN,
        }),
        tried_on_windows: false,
        words: words::csharp,
        main: template!("csharp/Client.cs"),
        calls: [
            Some(template!("csharp/unary")),
            Some(template!("csharp/server")),
            None,
            None,
        ],
        files: &[("client.csproj", template!("csharp/client.csproj"))],
        setup: CSHARP_SETUP,
        run: CSHARP_RUN,
    },
    Language {
        name: "c",
        library: "libnearcall, from a checkout by `cargo xtask capi`",
        file: "client.c",
        comment: "//",
        needs: "a C compiler, and libnearcall where pkg-config finds it",
        dial: |place| {
            let target = quoted(&place.target);
            Some(format!(
                "nearcall_channel_connect({target}, NULL, &channel)"
            ))
        },
        on_pipe: OnPipe::Same,
        tried_on_windows: false,
        words: words::c,
        main: template!("c/client.c"),
        calls: [Some(template!("c/unary")), None, None, None],
        files: &[],
        setup: &[
            "cc client.c $(pkg-config --cflags --libs nearcall) -Wl,-rpath,\"$(pkg-config --variable=libdir nearcall)\" -o client",
        ],
        run: "./client",
    },
    Language {
        name: "shell",
        library: "nearcall call, and grpcurl",
        file: "client.sh",
        comment: "#",
        needs: "nothing else; grpcurl if you like",
        dial: |place| {
            Some(format!(
                "nearcall call --at {}",
                super::names::shell(&place.target)
            ))
        },
        on_pipe: OnPipe::Same,
        tried_on_windows: false,
        words: words::shell,
        main: template!("shell/client.sh"),
        calls: [Some(template!("shell/unary")); 4],
        files: &[],
        setup: &["chmod +x client.sh"],
        run: "./client.sh",
    },
];
