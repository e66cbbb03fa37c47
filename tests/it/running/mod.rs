//! What operators hold in their hands: commands, limits, headers, files to deploy with, terms of licences.

mod connections;
mod deployment;
mod examination;
mod licences;
mod pages;
