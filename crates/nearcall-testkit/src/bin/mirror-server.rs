//! Serves `test.v1.Test` at the name or address that is its argument: every call of it is made once more, of the caller.

use nearcall_testkit::mirror;

/// What the C programs host, and whether it streams.
const METHODS: [(&str, bool); 4] = [
    ("Echo", false),
    ("Fail", false),
    ("Hold", false),
    ("Stream", true),
];

fn main() -> Result<(), nearcall::ServeError> {
    nearcall::log::init();
    let target = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "mirror".to_owned());
    nearcall::block_on(async {
        nearcall::Server::new(target)
            .add_raw_service(mirror("test.v1.Test", &METHODS))
            .serve()
            .await?;
        Ok(())
    })
}
