//! A server with nothing but health and reflection, under the name it is given: what the tests of `up` supervise.

fn main() -> Result<(), nearcall::ServeError> {
    let name = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "quiet".to_owned());
    nearcall::block_on(async {
        nearcall::Server::new(name).serve().await?;
        Ok(())
    })
}
