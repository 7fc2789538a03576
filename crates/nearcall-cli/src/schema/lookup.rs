//! From what someone typed to what it names.

use nearcall::inspect::InspectError;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};

use super::Schema;
use super::plain::plain;
use super::print::Definition;
use super::suggest::did_you_mean;

/// Limit: names that an error lists.
const NAMES_MAX: usize = 20;

/// Why a name led nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfound {
    /// There is no such service.
    #[error("no service {name} here{hint}; there is: {there}")]
    Service {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        hint: String,
        /// What there is.
        there: String,
    },
    /// The service has no such method.
    #[error("no method {name} in {service}{hint}; it has: {there}")]
    Method {
        /// The service.
        service: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        hint: String,
        /// What there is.
        there: String,
    },
    /// Nothing has the name.
    #[error("nothing here is called {name}{hint}")]
    Symbol {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// The server could not be asked. It is no source: its own words would be told again, as the server chose them.
    #[error("{}", plain(&.0.to_string()))]
    Inspect(InspectError),
}

impl From<InspectError> for Unfound {
    fn from(error: InspectError) -> Self {
        Self::Inspect(error)
    }
}

impl Schema {
    /// A service by its full name.
    pub(crate) async fn service(&mut self, name: &str) -> Result<ServiceDescriptor, Unfound> {
        match self.load(name).await {
            Ok(()) | Err(InspectError::UnknownSymbol { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(service) = self.pool.get_service_by_name(name) {
            return Ok(service);
        }
        let mut there = self.services().await?;
        there.sort_by(|a, b| (is_plumbing(a), a).cmp(&(is_plumbing(b), b)));
        let names = there.iter().map(String::as_str);
        Err(Unfound::Service {
            name: name.to_owned(),
            hint: did_you_mean(name, names.clone().filter(|name| !is_plumbing(name))),
            there: listed(names),
        })
    }

    /// A method by its service and its name.
    pub(crate) async fn method(
        &mut self,
        service: &str,
        name: &str,
    ) -> Result<MethodDescriptor, Unfound> {
        let service = self.service(service).await?;
        let methods: Vec<_> = service.methods().collect();
        let names = methods.iter().map(MethodDescriptor::name);
        let unfound = Unfound::Method {
            service: service.full_name().to_owned(),
            name: name.to_owned(),
            hint: did_you_mean(name, names.clone()),
            there: listed(names),
        };
        methods
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or(unfound)
    }

    /// Whatever has this name: `arith.v1.Arith`, `arith.v1.Arith/Multiply`, `arith.v1.Arith.Multiply`, a message or an
    /// enum.
    pub(crate) async fn definition(&mut self, name: &str) -> Result<Definition, Unfound> {
        let name = name.trim_start_matches(['.', '/']);
        if let Some((service, method)) = name.split_once('/') {
            return Ok(Definition::Method(self.method(service, method).await?));
        }
        match self.load(name).await {
            Ok(()) | Err(InspectError::UnknownSymbol { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(definition) = find(&self.pool, name) {
            return Ok(definition);
        }
        // To say what may have been meant, everything that is served is asked for.
        for service in self.services().await? {
            self.load(&service).await?;
        }
        let services: Vec<_> = self.pool.services().collect();
        let messages: Vec<_> = self.pool.all_messages().collect();
        let enums: Vec<_> = self.pool.all_enums().collect();
        let names = services
            .iter()
            .map(ServiceDescriptor::full_name)
            .chain(
                messages
                    .iter()
                    .map(prost_reflect::MessageDescriptor::full_name),
            )
            .chain(enums.iter().map(prost_reflect::EnumDescriptor::full_name))
            .filter(|name| !is_plumbing(name));
        Err(Unfound::Symbol {
            name: name.to_owned(),
            hint: did_you_mean(name, names),
        })
    }
}

/// Packages of what is there for tools rather than for callers.
const PLUMBING: [&str; 5] = [
    "google.protobuf.",
    "grpc.channelz.",
    "grpc.health.",
    "grpc.reflection.",
    "nearcall.callback.",
];

/// Whether a name belongs to what is there for tools rather than for callers.
pub(crate) fn is_plumbing(name: &str) -> bool {
    PLUMBING.iter().any(|package| name.starts_with(package))
}

fn find(pool: &DescriptorPool, name: &str) -> Option<Definition> {
    if let Some(service) = pool.get_service_by_name(name) {
        return Some(Definition::Service(service));
    }
    if let Some(message) = pool.get_message_by_name(name) {
        return Some(Definition::Message(message));
    }
    if let Some(definition) = pool.get_enum_by_name(name) {
        return Some(Definition::Enum(definition));
    }
    let (service, method) = name.rsplit_once('.')?;
    pool.get_service_by_name(service)?
        .methods()
        .find(|known| known.name() == method)
        .map(Definition::Method)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(plain).collect();
    match names.get(..NAMES_MAX) {
        _ if names.is_empty() => "nothing".to_owned(),
        Some(first) if names.len() > NAMES_MAX => {
            format!("{} and {} more", first.join(", "), names.len() - NAMES_MAX)
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::kitchen;
    use super::*;

    #[tokio::test]
    async fn finds_names_and_says_what_is_close() {
        let mut schema = Schema::of(kitchen());
        let mut check = async |name: &str, expected: &str| {
            let found = match schema.definition(name).await {
                Ok(Definition::Service(service)) => format!("service {}", service.full_name()),
                Ok(Definition::Method(method)) => format!("method {}", method.full_name()),
                Ok(Definition::Message(message)) => format!("message {}", message.full_name()),
                Ok(Definition::Enum(definition)) => format!("enum {}", definition.full_name()),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{name}");
        };
        check("t.Kitchen", "service t.Kitchen").await;
        check(".t.Kitchen", "service t.Kitchen").await;
        check("t.Kitchen/Cook", "method t.Kitchen.Cook").await;
        check("/t.Kitchen/Cook", "method t.Kitchen.Cook").await;
        check("t.Kitchen.Cook", "method t.Kitchen.Cook").await;
        check("t.Order.Line", "message t.Order.Line").await;
        check("t.Order.Line.Size", "enum t.Order.Line.Size").await;
        check(
            "t.Ordr",
            "nothing here is called t.Ordr; did you mean t.Order?",
        )
        .await;
        check("x.y.Zebra", "nothing here is called x.y.Zebra").await;
        check(
            "Kitchen/Cook",
            "no service Kitchen here; did you mean t.Kitchen?; there is: t.Kitchen",
        )
        .await;
        check(
            "t.Kitchen/cok",
            "no method cok in t.Kitchen; did you mean Cook?; it has: Cook, Watch, Add, Talk",
        )
        .await;
    }

    /// Descriptors come from strangers: whatever they say, there is no panic and no endless walk.
    #[test]
    fn descriptors_that_make_no_sense_do_no_harm() {
        use prost_reflect::prost::Message as _;
        use prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
        let file = |name: &str, imports: &[&str], message: &str| FileDescriptorProto {
            name: Some(name.to_owned()),
            dependency: imports.iter().map(|&import| import.to_owned()).collect(),
            message_type: vec![DescriptorProto {
                name: Some(message.to_owned()),
                ..Default::default()
            }],
            ..Default::default()
        };
        let check = |files: Vec<FileDescriptorProto>, is_refused: bool| {
            let set = FileDescriptorSet { file: files }.encode_to_vec();
            let mut pool = DescriptorPool::global();
            let added = pool.decode_file_descriptor_set(set.as_slice());
            assert_eq!(added.is_err(), is_refused);
            let found = find(&pool, "A");
            assert_eq!(found.is_none(), is_refused);
            let shown = crate::schema::print::proto(&Vec::from_iter(found));
            assert_eq!(shown.is_empty(), is_refused);
        };
        // Imports in a circle are not followed by anyone, so they may stand.
        check(vec![file("a", &["a"], "A")], false);
        check(vec![file("a", &["b"], "A"), file("b", &["a"], "B")], false);
        check(vec![file("a", &["nowhere"], "A")], true);
        check(vec![file("a", &[], "A"), file("b", &[], "A")], true);
    }
}
