//! What the client makes of a reply, without a network: to try one that was seen somewhere.

use super::accounts::{AccountRecord, Minted};
use super::connectors::{AccountConnector, Property};
use super::cycles::{Cycle, Prerequisite};
use super::lenient::read_body;
use super::steps::{CycleStep, Mapping};
use super::templates::Template;
use super::token::Grant;

/// What a reply is an answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyKind {
    Account,
    Template,
    Cycle,
    Cycles,
    Prerequisites,
    Connector,
    Properties,
    Steps,
    Mapping,
    Mappings,
    SignInToken,
    AccessToken,
    /// Success is all that is asked for.
    Done,
}

impl ReplyKind {
    pub const ALL: [Self; 13] = [
        Self::Account,
        Self::Template,
        Self::Cycle,
        Self::Cycles,
        Self::Prerequisites,
        Self::Connector,
        Self::Properties,
        Self::Steps,
        Self::Mapping,
        Self::Mappings,
        Self::SignInToken,
        Self::AccessToken,
        Self::Done,
    ];
}

/// A reply as it was understood. Tokens are not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Understood {
    Account(AccountRecord),
    Template(Template),
    Cycle(Cycle),
    Cycles(Vec<Cycle>),
    Prerequisites(Vec<Prerequisite>),
    Connector(AccountConnector),
    Properties(Vec<Property>),
    Steps(Vec<CycleStep>),
    Mapping(Mapping),
    Mappings(Vec<Mapping>),
    Token,
    Done,
}

/// Reads the body of a successful reply as the client would. The error says what is wrong with it
/// and never shows a piece of it.
pub fn read_reply(kind: ReplyKind, body: &[u8]) -> Result<Understood, &'static str> {
    let body = body.to_vec();
    Ok(match kind {
        ReplyKind::Account => Understood::Account(read_body(body)?),
        ReplyKind::Template => Understood::Template(read_body(body)?),
        ReplyKind::Cycle => Understood::Cycle(read_body(body)?),
        ReplyKind::Cycles => Understood::Cycles(read_body(body)?),
        ReplyKind::Prerequisites => Understood::Prerequisites(read_body(body)?),
        ReplyKind::Connector => Understood::Connector(read_body(body)?),
        ReplyKind::Properties => Understood::Properties(read_body(body)?),
        ReplyKind::Steps => Understood::Steps(read_body(body)?),
        ReplyKind::Mapping => Understood::Mapping(read_body(body)?),
        ReplyKind::Mappings => Understood::Mappings(read_body(body)?),
        ReplyKind::SignInToken => read_body::<Minted>(body).map(|_| Understood::Token)?,
        ReplyKind::AccessToken => read_body::<Grant>(body).map(|_| Understood::Token)?,
        ReplyKind::Done => read_body::<()>(body).map(|()| Understood::Done)?,
    })
}
