//! What a round of RAPTOR knows of each stop: the earliest arrival by a ride, the earliest time at which one can board, and
//! how both came about. Two times, since footpaths are not chained: an arrival by ride may be worth walking on from even
//! where one could have walked to sooner.

use crate::router::NEVER;

/// How one came to where one can board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// From where the journey begins; with the seconds.
    Access(i32),
    /// By ride to this very stop.
    Ride,
    /// By ride to another stop and on foot from it.
    Foot(u32),
}

/// A ride to a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rode {
    pub pattern: u32,
    /// The run's number within the pattern.
    pub run: u32,
    pub board: u32,
    pub alight: u32,
}

/// The labels of one round, by stop.
pub struct Round {
    pub arrive: Vec<i32>,
    pub rode: Vec<Rode>,
    pub board: Vec<i32>,
    pub came: Vec<Came>,
    /// The earliest arrival at the target, and the stop from which.
    pub target: i32,
    pub last: u32,
}

impl Round {
    pub fn new(stops: usize) -> Self {
        Self {
            arrive: vec![NEVER; stops],
            rode: vec![Rode::default(); stops],
            board: vec![NEVER; stops],
            came: vec![Came::Ride; stops],
            target: NEVER,
            last: 0,
        }
    }

    pub fn clear(&mut self) {
        self.arrive.fill(NEVER);
        self.board.fill(NEVER);
        self.target = NEVER;
    }

    /// What is reached with fewer rides is reached with more. Only times: a journey that is kept is a strict improvement
    /// of its round, so its way never leads through a time that was taken over.
    pub fn take_over(&mut self, before: &Round) {
        for (now, before) in self.arrive.iter_mut().zip(&before.arrive) {
            *now = (*now).min(*before);
        }
        for (now, before) in self.board.iter_mut().zip(&before.board) {
            *now = (*now).min(*before);
        }
        self.target = self.target.min(before.target);
    }
}
