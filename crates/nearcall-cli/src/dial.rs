//! `nearcall dial`: the client code of a language for one method of one server, whole and ready to run.

mod call;
mod cpp;
mod csharp;
mod go;
mod java;
mod language;
mod names;
mod node;
mod pipe;
mod python;
mod rust;
mod sample;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use nearcall::Address;
use nearcall::name::World;
use prost_reflect::{MethodDescriptor, ServiceDescriptor};
use serde_json::json;

use crate::names::ServiceName;
use crate::output;
use crate::proto_folder;
use crate::registered;
use crate::schema::Schema;
use crate::schema::lookup::is_plumbing;
use crate::schema::plain::plain;
use crate::schema::servers;
use crate::world;

use call::{Call, Kind, Place};
use language::{LANGUAGES, Language};
use sample::Sample;

/// What every file that is written contains, so that it may be written over.
const MARK: &str = "Written by `nearcall dial`";

/// Write client code for a server, in any language
///
/// Without --lang: the languages, each with the line that dials. The code calls one method with a request that has
/// something in every field; the comment at its head says how to set it up.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nearcall dial arith                          one line for each language
  nearcall dial arith --lang go                a program, on stdout
  nearcall dial arith --lang go --out client   all that builds it
  nearcall dial arith --lang rust --method arith.v1.Arith/Count")]
pub(crate) struct DialArgs {
    /// The server: a name (arith) or an address (unix:/path, http://host:port)
    #[arg(value_name = "NAME|TARGET")]
    target: String,
    /// The language
    #[arg(long, value_name = "LANG", value_parser = PossibleValuesParser::new(LANGUAGES.iter().map(|language| language.name)))]
    lang: Option<String>,
    /// The method; the first that takes and gives one message when not given
    #[arg(long, value_name = "pkg.Service/Method", requires = "lang")]
    method: Option<String>,
    /// Write the program and everything that builds it into this folder
    #[arg(long, value_name = "DIR", requires = "lang", conflicts_with = "json")]
    out: Option<PathBuf>,
    /// Print JSON: the languages; with --lang language, library, needs, method, files (path, text), setup, run, tried
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: DialArgs) -> anyhow::Result<ExitCode> {
    let world = world::world()?;
    let server = servers::connect(&args.target, &world)
        .await
        .map_err(|error| {
            let advised = output::advised(error.to_string(), error.advice());
            anyhow::Error::new(error).context(advised)
        })?;
    let (target, address) = place(&args.target, &world)?;
    let mut schema = Schema::reflected(server.channel);
    let method = method(&mut schema, args.method.as_deref()).await?;
    let service = method.parent_service().clone();
    let call = Call {
        place: Place::new(target, &address, service.name()),
        request: Sample::of(&method.input()),
        protos: proto_folder::needed_by(vec![service.parent_file()]),
        method,
    };
    let Some(name) = &args.lang else {
        return list(&args, &call);
    };
    let Some(language) = LANGUAGES.iter().find(|language| language.name == name) else {
        return Ok(ExitCode::FAILURE);
    };
    let files = files(language, &call, &service, &args, &world)?;
    if let Some(folder) = &args.out {
        for (path, text) in &files {
            let path = folder.join(path);
            proto_folder::put(&path, text, MARK)?;
            output::line(path.display())?;
        }
        for path in proto_folder::write(&folder.join("proto"), &call.protos)? {
            output::line(path.display())?;
        }
    } else if args.json {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| json!({ "path": path, "text": text }))
            .collect();
        output::json(&json!({
            "language": language.name,
            "library": language.library,
            "needs": language.needs(&call.place),
            "method": call.path(),
            "files": files,
            "setup": setup(language, &call, &args, &world),
            "run": language.run(&call.place),
            "tried": language.is_tried(&call.place),
        }))?;
    } else if let Some((_, text)) = files.first() {
        output::line(plain(text.trim_end()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What nearcall's own clients call the server, and where it is.
fn place(target: &str, world: &World) -> anyhow::Result<(String, Address)> {
    let (world, name) = match target.split_once('/') {
        _ if target.contains(':') => return Ok((target.to_owned(), target.parse()?)),
        Some((world, name)) => (world.parse()?, name),
        None => (world.clone(), target),
    };
    let name: ServiceName = name.parse()?;
    let address = registered::address(&world, &name).unwrap_or_else(|| {
        let socket = registered::folder(&world).join(format!("{name}.sock"));
        format!("unix:{}", socket.display())
    });
    let target = if world.as_str() == world::DEFAULT {
        name.to_string()
    } else {
        name.in_world(&world)
    };
    Ok((target, address.parse()?))
}

/// The method that was asked for, or the plainest one.
async fn method(schema: &mut Schema, asked: Option<&str>) -> anyhow::Result<MethodDescriptor> {
    if let Some((service, name)) =
        asked.and_then(|asked| asked.trim_start_matches('/').split_once('/'))
    {
        return Ok(schema.method(service, name).await?);
    }
    if let Some(asked) = asked {
        return Err(output::failure(
            format!("{asked:?} is no method"),
            "write it as package.Service/Method; `nearcall describe` shows those there are",
        ));
    }
    let mut names = schema.services().await?;
    names.sort_by_key(|name| is_plumbing(name));
    let mut methods = Vec::new();
    for name in &names {
        methods.extend(schema.service(name).await?.methods());
        // Health and reflection are called only where there is nothing else.
        if !methods.is_empty() && !is_plumbing(name) {
            break;
        }
    }
    methods
        .into_iter()
        .min_by_key(|method| Kind::of(method) as u8)
        .ok_or_else(|| {
            output::failure(
                "the server has no method",
                "`nearcall list` shows what is served",
            )
        })
}

/// Every language with the line that dials.
fn list(args: &DialArgs, call: &Call) -> anyhow::Result<ExitCode> {
    let rows: Vec<_> = LANGUAGES
        .iter()
        .map(|language| {
            let dial = language.dial(&call.place);
            // The first line says enough.
            let dial = dial.map(|dial| dial.lines().next().unwrap_or_default().to_owned());
            (language, dial)
        })
        .collect();
    if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(language, dial)| {
                json!({
                    "language": language.name,
                    "library": language.library,
                    "dial": dial,
                    "tried": language.is_tried(&call.place),
                })
            })
            .collect();
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(["lang", "library", "dial"]);
    for (language, dial) in rows {
        let dial = match dial {
            Some(dial) if language.is_tried(&call.place) => dial,
            Some(dial) => format!("{dial}  (not run on Windows yet)"),
            None => "cannot: nearcall bridge".to_owned(),
        };
        table.add_row([language.name, language.library, plain(&dial).as_ref()]);
    }
    output::print_table(&table)?;
    output::note(
        "--lang LANG prints a whole program; `nearcall bridge` is for what can dial none of these",
    );
    Ok(ExitCode::SUCCESS)
}

/// The program first, then what builds it: paths and texts.
fn files(
    language: &Language,
    call: &Call,
    service: &ServiceDescriptor,
    args: &DialArgs,
    world: &World,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let Some(dial) = language.dial(&call.place) else {
        return Err(output::failure(
            format!("{} cannot dial {}", language.library, call.place.target),
            "`nearcall bridge` opens a port on loopback for it",
        ));
    };
    let kind = Kind::of(&call.method);
    let Some(main) = language.template(kind) else {
        return Err(output::failure(
            format!(
                "{} is {}, for which there is no short program in {}",
                call.path(),
                kind.name(),
                language.name
            ),
            format!(
                "choose another by --method: {}",
                methods(service, language).join(", ")
            ),
        ));
    };
    let mut words = (language.words)(call);
    words.extend(words::common(call));
    words.push(("dial", dial));
    words.push(("head", head(language, call, service, args, world)));
    let program = fill(&main, &words).trim_end().to_owned() + "\n";
    let program = (language.file, program);
    let others = language
        .files
        .iter()
        .map(|(path, text)| (*path, fill(text, &words)));
    Ok(std::iter::once(program).chain(others).collect())
}

/// Fills words in, once: what a server says is not looked through for words again.
fn fill(template: &str, words: &words::Words) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((word, behind)) = after.split_once("}}") else {
            text.push_str("{{");
            rest = after;
            continue;
        };
        // The language's own word comes before the one that all have.
        match words.iter().find(|(known, _)| *known == word) {
            Some((_, value)) => text.push_str(value),
            None => text.push_str(&format!("{{{{{word}}}}}")),
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// The comment at the head of a program.
fn head(
    language: &Language,
    call: &Call,
    service: &ServiceDescriptor,
    args: &DialArgs,
    world: &World,
) -> String {
    let mut lines = vec![
        format!(
            "Calls {} of {}, with {}. {MARK}.",
            call.path(),
            call.place.target,
            language.library
        ),
        String::new(),
    ];
    if !language.is_tried(&call.place) {
        lines.push("NOT RUN YET: no machine with Windows has tried this.".to_owned());
        lines.push(String::new());
    }
    lines.push(format!(
        "Once, in an empty folder; needs {}:",
        language.needs(&call.place)
    ));
    for command in setup(language, call, args, world) {
        lines.push(format!("  $ {command}"));
    }
    lines.push("Then:".to_owned());
    lines.push(format!("  $ {}", language.run(&call.place)));
    let others = methods(service, language);
    let others = others.iter().filter(|path| **path != call.path());
    let others: Vec<_> = others.map(String::as_str).collect();
    if !others.is_empty() {
        lines.push(String::new());
        lines.push(format!("Other methods, by --method: {}", others.join(", ")));
    }
    let lines = lines
        .iter()
        .map(|line| format!("{} {line}", language.comment).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// The commands that set a program up; the first writes it.
fn setup(language: &Language, call: &Call, args: &DialArgs, world: &World) -> Vec<String> {
    let world = if world.as_str() == world::DEFAULT {
        String::new()
    } else {
        format!(" --world {world}")
    };
    let method = args.method.as_deref();
    let method = method.map(|method| format!(" --method {}", names::shell(method)));
    let first = format!(
        "nearcall{world} dial {} --lang {}{} --out client && cd client",
        names::shell(&args.target),
        language.name,
        method.unwrap_or_default(),
    );
    let words = words::common(call);
    let others = language.setup(&call.place).iter();
    let others = others.map(|command| fill(command, &words));
    std::iter::once(first).chain(others).collect()
}

/// The methods of a service that a language has code for.
fn methods(service: &ServiceDescriptor, language: &Language) -> Vec<String> {
    service
        .methods()
        .filter(|method| language.template(Kind::of(method)).is_some())
        .map(|method| format!("{}/{}", service.full_name(), method.name()))
        .collect()
}

#[cfg(test)]
mod tests;
