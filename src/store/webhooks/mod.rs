//! Endpoints, what is told to them, and what became of it.
//!
//! What always holds:
//! - A message leaves the outbox in the transaction that queues it for every endpoint.
//! - A delivery is taken with a lease by the database's clock; its end is kept under that lease only.
//! - An order about an endpoint and the answer to it are one transaction.

mod attempts;
mod endpoints;
mod figures;
mod look;
mod orders;
mod replay;
mod sealed;
mod spread;
mod take;

pub use attempts::{AttemptLine, Verdict};
pub use endpoints::{Endpoint, SealedSecret};
pub use figures::WebhookFigures;
pub use look::{Delivery, DeliveryInFull, DeliveryPage, KeptAttempt, ToldDelivery};
pub use orders::{
    EndpointOrder, EndpointText, NewMessage, OrderOutcome, OrderRender, OrderedAnswer,
};
pub use spread::{About, Spread, Told};
pub use take::TakenDelivery;
