//! The program as its users run it: on real projects, in real folders, with real processes.

mod architecture;
mod check;
mod kill;
mod project;
mod release;
mod storefront;
