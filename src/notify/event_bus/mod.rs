//! The EventBridge sink: `event` makes one event for each finding of a digest, so that the rules of the bus route them;
//! `publish` sends them; `arn` is the ARN of the bus.

mod arn;
#[cfg(feature = "lambda")]
mod event;
#[cfg(feature = "lambda")]
mod publish;

pub use arn::{EventBusArn, NotAnEventBus};
#[cfg(feature = "lambda")]
pub use publish::EventBus;
