//! What was measured, on what, and when: all that tables and chart are made of.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    peer::Peer,
    work::{Sample, Work},
};

/// A server at a work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) work: String,
    pub(crate) peer: String,
    #[serde(flatten)]
    pub(crate) times: Option<Sample>,
    /// User-space instructions for one operation.
    pub(crate) instructions: Option<f64>,
}

impl Cell {
    pub(crate) fn times(work: &Work, peer: &Peer, sample: Sample) -> Self {
        Self {
            work: work.name.to_owned(),
            peer: peer.name.to_owned(),
            times: Some(sample),
            instructions: None,
        }
    }

    pub(crate) fn instructions(work: &Work, peer: &Peer, instructions: f64) -> Self {
        Self {
            work: work.name.to_owned(),
            peer: peer.name.to_owned(),
            times: None,
            instructions: Some(instructions),
        }
    }
}
