//! Answers requests, with as many threads as the configuration says, until SIGTERM.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tiny_http::{Header, Method, Request, Response, Server};

use crate::config::Config;
use crate::connections::Connections;
use crate::error::Error;
use crate::{VERSION, page, schema, shop};

/// More than any product number needs.
const LONGEST_BODY: u64 = 64;

pub fn serve(config: &Config) -> Result<(), Error> {
    // Before the port: from the first signal on, a stop is a clean one.
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let shop = Shop { connections: Connections::open(&config.database, config.workers)?, greeting: &config.greeting };
    let server =
        Server::http(&config.listen).map_err(|cause| Error::Listen(config.listen.clone(), cause.to_string()))?;
    // `ops/service` waits for this line.
    println!("storefront {VERSION} listens on {}", config.listen);

    let stopping = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..config.workers.get() {
            scope.spawn(|| work(&server, &shop, &stopping));
        }
        signals.forever().next();
        stopping.store(true, Ordering::SeqCst);
        for _ in 0..config.workers.get() {
            server.unblock();
        }
    });
    println!("storefront {VERSION} stopped");
    Ok(())
}

fn work(server: &Server, shop: &Shop, stopping: &AtomicBool) {
    loop {
        match server.recv() {
            Ok(mut request) => {
                let answer = shop.answer(&mut request);
                // The one who asked may be gone already; that concerns nobody else.
                let _ = request.respond(answer.response());
            }
            Err(_) if stopping.load(Ordering::SeqCst) => return,
            // tiny_http accepts nothing more after an error, so a service that went on would only look alive.
            Err(cause) => {
                eprintln!("error: cannot accept requests any more: {cause}");
                std::process::exit(1);
            }
        }
    }
}

struct Shop<'a> {
    connections: Connections,
    greeting: &'a str,
}

impl Shop<'_> {
    fn answer(&self, request: &mut Request) -> Answer {
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        let answer = match (request.method(), path.as_str()) {
            (Method::Get, "/") => self.page(),
            (Method::Get, "/health") => return self.health(),
            (Method::Get, "/version") => Ok(Answer::text(200, format!("{VERSION}\n"))),
            (Method::Get, "/orders") => self.orders(),
            (Method::Post, "/orders") => self.place_order(request),
            (_, "/" | "/health" | "/version" | "/orders") => Ok(Answer::line(405, "this is not done here")),
            _ => Ok(Answer::line(404, "there is nothing here")),
        };
        answer.unwrap_or_else(|error| {
            eprintln!("error: {} {path}: {error}", request.method());
            Answer::line(500, &error.to_string())
        })
    }

    fn page(&self) -> Result<Answer, Error> {
        let products = self.connections.with(|connection| shop::products(connection))?;
        Ok(Answer { status: 200, kind: "text/html", body: page::shop(self.greeting, VERSION, &products) })
    }

    fn orders(&self) -> Result<Answer, Error> {
        Ok(Answer::text(200, page::orders(&self.connections.with(shop::orders)?)))
    }

    fn place_order(&self, request: &mut Request) -> Result<Answer, Error> {
        let mut body = String::new();
        if request.as_reader().take(LONGEST_BODY).read_to_string(&mut body).is_err() {
            return Ok(Answer::line(400, "the body is not text"));
        }
        let Ok(product) = body.trim().parse() else {
            return Ok(Answer::line(400, "the body is not the number of a product"));
        };
        Ok(match self.connections.with(|connection| shop::place_order(connection, product))? {
            Some(order) => Answer::line(201, &format!("order {order}")),
            None => Answer::line(404, &format!("there is no product {product}")),
        })
    }

    /// Healthy means: everything that a request needs is there.
    fn health(&self) -> Answer {
        match self.connections.complete().and_then(|()| self.schema_is_enough()) {
            Ok(()) => Answer::line(200, "ok"),
            Err(reason) => Answer::line(503, &reason),
        }
    }

    fn schema_is_enough(&self) -> Result<(), String> {
        let version = self.connections.with(|connection| Ok(schema::version(connection)?));
        let version = version.map_err(|error| error.to_string())?;
        if version < schema::OLDEST_SERVED {
            return Err(format!("the schema is at {version}, and the shop needs {}", schema::OLDEST_SERVED));
        }
        Ok(())
    }
}

struct Answer {
    status: u16,
    kind: &'static str,
    body: String,
}

impl Answer {
    fn text(status: u16, body: String) -> Answer {
        Answer { status, kind: "text/plain", body }
    }

    /// A reason may come from SQLite or the system, and stays one line all the same.
    fn line(status: u16, text: &str) -> Answer {
        Answer::text(status, format!("{}\n", text.replace('\n', " ")))
    }

    fn response(self) -> Response<std::io::Cursor<Vec<u8>>> {
        let response = Response::from_string(self.body).with_status_code(self.status);
        match Header::from_bytes("Content-Type", format!("{}; charset=utf-8", self.kind)) {
            Ok(header) => response.with_header(header),
            Err(()) => response,
        }
    }
}
