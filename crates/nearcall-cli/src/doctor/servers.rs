//! The servers of the world: what is stale, what answers, and how it is.

use super::Finding;
use crate::config::SUPERVISOR_NAME;
use crate::names::World;
use crate::probe;
use crate::registered::{self, Listed};
use crate::supervise::Health;

pub(super) async fn check(world: &World) -> Vec<Finding> {
    let servers = match registered::servers(world).await {
        Ok(servers) => servers,
        Err(error) => {
            let error = anyhow::Error::new(error);
            return vec![Finding::fail(
                "servers",
                format!("{error:#}"),
                "see the folder checks above",
            )];
        }
    };
    if servers.is_empty() {
        return vec![Finding::ok(
            "servers",
            format!("none in world {world}; `nearcall up` starts them"),
        )];
    }
    let mut findings = Vec::new();
    for server in servers {
        findings.push(one(&server).await);
    }
    findings
}

async fn one(server: &Listed) -> Finding {
    let check = server.name.to_string();
    let pid = server
        .pid
        .map_or_else(|| "unknown process".to_owned(), |pid| format!("pid {pid}"));
    if !server.alive {
        return Finding::warn(
            check,
            format!("left behind by a server that is gone ({pid})"),
            "`nearcall down` clears it away; so does the next server of that name",
        );
    }
    match probe::ask(&server.address, "").await {
        Ok(Health::Serving) => Finding::ok(check, format!("SERVING at {} ({pid})", server.address)),
        Ok(_) => Finding::fail(
            check,
            format!("answers and is not SERVING ({pid})"),
            advice(server),
        ),
        Err(error) => Finding::fail(check, format!("does not answer: {error}"), advice(server)),
    }
}

fn advice(server: &Listed) -> String {
    if server.name.as_str() == SUPERVISOR_NAME {
        "`nearcall down`, then `nearcall up`".to_owned()
    } else {
        format!("nearcall logs {}", server.name)
    }
}
