//! What is filled into the templates of each language.

use heck::ToSnakeCase as _;
use prost_reflect::prost::Message as _;

use super::call::{Call, Kind};
use super::names::{self, lower_first, quoted, stem};
use super::{cpp, csharp, go, java, node, python, rust};
use crate::new::dependency;

/// What stands for `{{word}}`.
pub(super) type Words = Vec<(&'static str, String)>;

/// What dials pipes in Go, as `go.mod` takes it.
const WINIO: &str = "\tgithub.com/Microsoft/go-winio v0.6.2\n";

/// What every language has.
pub(super) fn common(call: &Call) -> Words {
    let protos = call.protos.iter().map(|file| names::shell(file.name()));
    vec![
        ("Service", call.method.parent_service().name().to_owned()),
        ("Method", call.method.name().to_owned()),
        ("method_lower", lower_first(call.method.name())),
        ("protos", protos.collect::<Vec<_>>().join(" ")),
    ]
}

pub(super) fn rust(call: &Call) -> Words {
    let service = call.method.parent_service();
    let protos = call
        .protos
        .iter()
        .map(|file| quoted(&format!("proto/{}", file.name())));
    vec![
        ("module", rust::package(service.package_name())),
        ("service_snake", service.name().to_snake_case()),
        (
            "method_snake",
            rust::ident(&call.method.name().to_snake_case()),
        ),
        ("request", rust::literal(&call.request)),
        ("protos_quoted", protos.collect::<Vec<_>>().join(", ")),
        ("nearcall", dependency("nearcall")),
        ("nearcall-build", dependency("nearcall-build")),
    ]
}

pub(super) fn go(call: &Call) -> Words {
    let mut imports = go::Imports::new();
    let request = go::literal(&call.request, &mut imports);
    let (path, package) = go::package(&call.file());
    imports.insert((path, package.clone()));
    let mut standard = match Kind::of(&call.method) {
        Kind::Unary | Kind::Client => vec!["context", "fmt", "log"],
        Kind::Server | Kind::Bidi => vec!["context", "errors", "fmt", "io", "log"],
    };
    let is_pipe = call.place.pipe.is_some();
    if is_pipe {
        standard.push("net");
    }
    let mut lines: String = standard
        .iter()
        .map(|path| format!("\t{path:?}\n"))
        .collect();
    lines.push('\n');
    if is_pipe {
        lines.push_str("\t\"github.com/Microsoft/go-winio\"\n");
    }
    lines.push_str(
        "\t\"google.golang.org/grpc\"\n\t\"google.golang.org/grpc/credentials/insecure\"\n",
    );
    let (own, others): (Vec<_>, Vec<_>) = imports
        .into_iter()
        .partition(|(path, _)| path.starts_with("client/"));
    for (path, _) in others {
        lines.push_str(&format!("\t{path:?}\n"));
    }
    lines.push('\n');
    for (path, _) in own {
        lines.push_str(&format!("\t{path:?}\n"));
    }
    let options = call.protos.iter().map(|file| {
        let (path, _) = go::package(file);
        let option = format!("M{}={path}", file.name());
        let option = |kind: &str| names::shell(&format!("--{kind}_opt={option}"));
        format!("{} {} \\\n    ", option("go"), option("go-grpc"))
    });
    vec![
        ("request", request),
        ("imports", lines),
        ("go_package", package),
        ("go_options", options.collect()),
        ("winio", if is_pipe { WINIO } else { "" }.to_owned()),
        ("service_go", go::camel(call.method.parent_service().name())),
        ("method_go", go::camel(call.method.name())),
    ]
}

pub(super) fn python(call: &Call) -> Words {
    python_with(call, "_pb2_grpc")
}

pub(super) fn grpclib(call: &Call) -> Words {
    python_with(call, "_grpc")
}

fn python_with(call: &Call, ending: &str) -> Words {
    let mut imports = python::Imports::new();
    let request = python::literal(&call.request, &mut imports);
    let module = python::import(&call.file(), ending, &mut imports);
    vec![
        ("request", request),
        ("grpc_module", module),
        (
            "imports",
            imports.into_iter().collect::<Vec<_>>().join("\n"),
        ),
    ]
}

pub(super) fn node(call: &Call) -> Words {
    let mut imports = node::Imports::new();
    let service = call.method.parent_service();
    node::import(
        &call.file(),
        format!("{}Client", service.name()),
        &mut imports,
    );
    let request = node::literal(&call.request, &mut imports);
    let response = node::type_name(&call.method.output(), &mut imports);
    let imports = imports.into_iter().map(|(module, mut names)| {
        names.sort();
        format!(
            "import {{ {} }} from {};",
            names.join(", "),
            quoted(&module)
        )
    });
    vec![
        ("request", request),
        ("Response", response),
        ("imports", imports.collect::<Vec<_>>().join("\n")),
    ]
}

pub(super) fn cpp(call: &Call) -> Words {
    let service = call.method.parent_service();
    let statements = cpp::statements(&call.request, "request", ".");
    let statements = statements.iter().map(|line| format!("  {line}\n"));
    vec![
        (
            "header",
            quoted(&format!("{}.grpc.pb.h", stem(&call.file()))),
        ),
        (
            "Service_cpp",
            format!(
                "{}::{}",
                cpp::namespace(service.package_name()),
                service.name()
            ),
        ),
        ("Request", cpp::type_name(&call.method.input())),
        ("Response", cpp::type_name(&call.method.output())),
        ("statements", statements.collect()),
    ]
}

pub(super) fn java(call: &Call) -> Words {
    vec![
        ("package", java::package(&call.file())),
        ("request", java::literal(&call.request)),
        (
            "method_lower",
            lower_first(&names::camel(call.method.name())),
        ),
    ]
}

pub(super) fn csharp(call: &Call) -> Words {
    let usings = match (&call.place.pipe, &call.place.path) {
        (Some(_), _) => "using System.IO.Pipes;\nusing System.Security.Principal;\n",
        (None, Some(_)) => "using System.Net.Sockets;\n",
        (None, None) => "",
    };
    vec![
        ("usings", usings.to_owned()),
        ("namespace", csharp::namespace(&call.file())),
        ("request", csharp::literal(&call.request)),
    ]
}

pub(super) fn c(call: &Call) -> Words {
    let message = call.request.to_dynamic();
    let bytes = message.encode_to_vec();
    let listed: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    let listed = if listed.is_empty() {
        "0".to_owned()
    } else {
        listed.join(", ")
    };
    vec![
        ("request_bytes", listed),
        ("request_len", bytes.len().to_string()),
        ("request_json", format!("{}, encoded", json(call))),
        ("path_quoted", quoted(&format!("/{}", call.path()))),
        ("Response", call.method.output().full_name().to_owned()),
    ]
}

pub(super) fn shell(call: &Call) -> Words {
    let json = names::shell(&json(call));
    let path = names::shell(&call.path());
    let target = names::shell(&call.place.target);
    let grpcurl = call.place.uri("unix://").map_or_else(
        || "echo 'grpcurl cannot dial this server'".to_owned(),
        |uri| format!("grpcurl -plaintext -d {json} {} {path}", names::shell(&uri)),
    );
    vec![
        ("dial", format!("nearcall call --at {target} {path} {json}")),
        ("grpcurl", grpcurl),
    ]
}

/// The request in protobuf's JSON.
pub(super) fn json(call: &Call) -> String {
    // What a sample holds has a form in JSON; without one the call is still shown.
    serde_json::to_string(&call.request.to_dynamic()).unwrap_or_else(|_| "{}".to_owned())
}
