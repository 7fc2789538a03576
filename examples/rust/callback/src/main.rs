//! A chat: the server calls the listeners that its members host on their own connections.
#![expect(clippy::print_stdout, reason = "an example says what it sees")]

use std::sync::Mutex;

use chat::chat_client::ChatClient;
use chat::chat_server::{Chat, ChatServer};
use chat::listener_client::ListenerClient;
use chat::listener_server::{Listener, ListenerServer};
use chat::{HearRequest, HearResponse, JoinRequest, JoinResponse, SayRequest, SayResponse};
use nearcall::{Channel, Request, Response, Server, Status, tokio};

mod chat {
    nearcall::include_proto!("chat.v1");
}

#[derive(Default)]
struct Room(Mutex<Vec<ListenerClient<Channel>>>);

impl Room {
    fn members(&self) -> Vec<ListenerClient<Channel>> {
        let members = self.0.lock();
        members.map_or_else(|_| Vec::new(), |members| members.clone())
    }
}

#[nearcall::async_trait]
impl Chat for Room {
    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinResponse>, Status> {
        let caller = nearcall::caller(&request);
        let caller =
            caller.ok_or_else(|| Status::failed_precondition("host a Listener to join"))?;
        let mut members = self
            .0
            .lock()
            .map_err(|_| Status::internal("a handler panicked"))?;
        members.push(ListenerClient::new(caller));
        Ok(Response::new(JoinResponse {}))
    }

    async fn say(&self, request: Request<SayRequest>) -> Result<Response<SayResponse>, Status> {
        let mut heard = 0;
        for mut member in self.members() {
            let text = request.get_ref().text.clone();
            // A member that is gone is UNAVAILABLE.
            heard += u32::from(member.hear(HearRequest { text }).await.is_ok());
        }
        Ok(Response::new(SayResponse { heard }))
    }
}

/// What a member hosts.
struct Member(&'static str);

#[nearcall::async_trait]
impl Listener for Member {
    async fn hear(&self, request: Request<HearRequest>) -> Result<Response<HearResponse>, Status> {
        println!("{} hears: {}", self.0, request.get_ref().text);
        Ok(Response::new(HearResponse {}))
    }
}

/// Serves at the address that is given, or else within the process, where two members talk.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    nearcall::block_on(async {
        let room = ChatServer::new(Room::default());
        if let Some(address) = std::env::args().nth(1) {
            Server::new(address).add_service(room).serve().await?;
            return Ok(());
        }
        let server = Server::new("memory:chat").add_service(room).bind().await?;
        tokio::spawn(server.serve());
        let mut members = Vec::new();
        for name in ["ann", "bob"] {
            let hosting = Channel::builder("memory:chat").host(ListenerServer::new(Member(name)));
            let mut chat = ChatClient::new(hosting.connect().await?);
            chat.join(JoinRequest {}).await?;
            let text = format!("{name} is here");
            let said = chat.say(SayRequest { text }).await?.into_inner();
            println!("{} heard {name}", said.heard);
            // What it hosts ends with its channel.
            members.push(chat);
        }
        Ok(())
    })
}
