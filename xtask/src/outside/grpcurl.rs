//! grpcurl, built from its Go module, at nearcall's arith.

use anyhow::ensure;

use crate::check::Session;
use crate::program::Ended;
use crate::tally::Tally;

use super::go;
use super::server::Server;

const MODULE: &str = "tests/outside/grpcurl";
const PACKAGE: &str = "github.com/fullstorydev/grpcurl/cmd/grpcurl";

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let grpcurl = go::build(session, MODULE, PACKAGE, "grpcurl")?;
    let arith = Server::arith(session)?;
    let address = format!("unix://{}", arith.socket.display());
    let call = |before: &[&str], after: &[&str]| -> anyhow::Result<Ended> {
        let program = session.program(&grpcurl)?.arg("-plaintext");
        program.args(before).arg(&address).args(after).run()
    };

    let listed = call(&[], &["list"])?;
    succeeded("list", &listed)?;
    for service in ["arith.v1.Arith", "grpc.health.v1.Health"] {
        holds("list", &listed, service)?;
    }

    let described = call(&[], &["describe", "arith.v1.Arith"])?;
    succeeded("describe", &described)?;
    holds(
        "describe",
        &described,
        "rpc Multiply ( .arith.v1.MultiplyRequest ) returns ( .arith.v1.MultiplyResponse )",
    )?;

    let multiplied = call(&["-d", r#"{"a":17,"b":8}"#], &["arith.v1.Arith/Multiply"])?;
    succeeded("Multiply", &multiplied)?;
    holds("Multiply", &multiplied, r#""product": "136""#)?;

    let divided = call(&["-d", r#"{"a":1,"b":0}"#], &["arith.v1.Arith/Divide"])?;
    ensure!(!divided.status.success(), "1 / 0: {}", divided.in_full());
    holds("1 / 0", &divided, "InvalidArgument")?;
    // grpcurl spells the details out, since reflection describes google.rpc.
    holds("1 / 0", &divided, r#""field": "b""#)?;
    Ok(Tally::PASSED)
}

fn succeeded(what: &str, ended: &Ended) -> anyhow::Result<()> {
    ensure!(ended.status.success(), "{what}: {}", ended.in_full());
    Ok(())
}

fn holds(what: &str, ended: &Ended, part: &str) -> anyhow::Result<()> {
    let found = ended.stdout.contains(part) || ended.stderr.contains(part);
    ensure!(found, "{what} should say `{part}`: {}", ended.in_full());
    println!("ok   {what}: {part}");
    Ok(())
}
