//! Generates the chat and the listener that its members host.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(["proto/chat/v1/chat.proto"], ["proto"])
}
