//! Programs and requests on their way into the world: secrets are opened, and for a program the way to its host is found.

use std::borrow::Cow;
use std::io;

use crate::{Captured, Command, Context, HttpRequest};

impl Context<'_> {
    /// Runs a program, and passes on what it prints, secrets hidden.
    ///
    /// # Errors
    /// Where it cannot be started, or one of its secrets cannot be opened.
    pub async fn run(&mut self, command: &Command) -> io::Result<Captured> {
        let prepared = self.prepare(command).await?;
        self.world.run(&prepared, self.mask, self.output).await
    }

    /// Runs a program for its answer: what it prints is no news, and is not passed on.
    ///
    /// # Errors
    /// As for [`Context::run`].
    pub async fn ask(&self, command: &Command) -> io::Result<Captured> {
        let prepared = self.prepare(command).await?;
        self.world.run(&prepared, self.mask, &mut |_| {}).await
    }

    /// A request as it is sent.
    ///
    /// # Errors
    /// Where one of its secrets cannot be opened.
    pub(crate) async fn prepare_request<'r>(&self, request: &'r HttpRequest) -> io::Result<Cow<'r, HttpRequest>> {
        if !request.has_closed_secret() {
            return Ok(Cow::Borrowed(request));
        }
        Ok(Cow::Owned(request.clone().opened(self.world, self.mask, self.root).await?))
    }

    async fn prepare<'c>(&self, command: &'c Command) -> io::Result<Cow<'c, Command>> {
        let mut prepared = Cow::Borrowed(command);
        if command.has_closed_secret() {
            prepared = Cow::Owned(command.clone().opened(self.world, self.mask, self.root).await?);
        }
        if let Some(host) = &command.on {
            prepared = Cow::Owned(host.reach(&prepared)?);
        }
        Ok(prepared)
    }
}
