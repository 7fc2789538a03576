//! How languages dial a named pipe.

use super::call::Place;
use super::names::quoted;

/// How a language goes about a pipe.
#[derive(Debug)]
pub(super) enum OnPipe {
    /// As about everything else: it goes by nearcall.
    Same,
    /// In a way of its own.
    Own(Own),
    /// Its library dials none.
    No,
}

/// What is another where a pipe is dialled.
#[derive(Debug)]
pub(super) struct Own {
    /// The expression that dials a pipe of this name.
    pub(super) dial: fn(&Place, &str) -> String,
    pub(super) needs: &'static str,
    pub(super) setup: &'static [&'static str],
    pub(super) run: &'static str,
}

/// By go-winio.
pub(super) fn go(_: &Place, pipe: &str) -> String {
    format!(
        "grpc.NewClient(\"passthrough:///localhost\", grpc.WithTransportCredentials(insecure.NewCredentials()),\n\t\t\
         grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {{\n\t\t\t\
         return winio.DialPipeContext(ctx, {})\n\t\t}}))",
        quoted(&path(pipe))
    )
}

/// By Node itself, which takes a path of the system's for a socket's.
pub(super) fn node(place: &Place, pipe: &str) -> String {
    let uri = quoted(&format!("unix:////./pipe/{pipe}"));
    let service = &place.service;
    format!("new {service}Client({uri}, credentials.createInsecure())")
}

/// By .NET itself. The server may know who calls, and not act as it.
pub(super) fn csharp(_: &Place, pipe: &str) -> String {
    format!(
        "GrpcChannel.ForAddress(\"http://localhost\", new GrpcChannelOptions\n{{\n    \
         HttpHandler = new SocketsHttpHandler\n    {{\n        \
         ConnectCallback = async (_, cancel) =>\n        {{\n            \
         var pipe = new NamedPipeClientStream(\".\", {}, PipeDirection.InOut,\n                \
         PipeOptions.Asynchronous | PipeOptions.WriteThrough, TokenImpersonationLevel.Identification);\n            \
         try\n            {{\n                \
         await pipe.ConnectAsync(cancel);\n                \
         return pipe;\n            }}\n            \
         catch\n            {{\n                \
         await pipe.DisposeAsync();\n                \
         throw;\n            }}\n        }},\n    }},\n}})",
        quoted(pipe)
    )
}

/// As the system names it.
fn path(pipe: &str) -> String {
    format!(r"\\.\pipe\{pipe}")
}
