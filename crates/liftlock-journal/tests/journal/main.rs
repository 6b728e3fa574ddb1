//! What the journal promises, one file for each subject.

#[cfg(test)]
mod blobs;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod following;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod postgres_only;
#[cfg(test)]
mod records;
#[cfg(test)]
mod run_state;
#[cfg(test)]
mod server;
#[cfg(test)]
mod severed;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod torn;
