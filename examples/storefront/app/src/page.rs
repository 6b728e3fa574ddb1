//! What people and scripts get to read: the shop's page and the list of orders.

use std::fmt::Write as _;

use crate::shop::{Order, Product};

/// The shop's page. Every text is escaped, also the greeting: a configuration is not a template.
pub fn shop(greeting: &str, version: &str, products: &[Product]) -> String {
    let mut rows = String::new();
    for Product { id, name, cents } in products {
        let name = escape(name);
        let _ = writeln!(rows, "<tr><td>{id}</td><td>{name}</td><td>{}.{:02}</td></tr>", cents / 100, cents % 100);
    }
    let (greeting, version) = (escape(greeting), escape(version));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Storefront</title>\n\
         <h1>{greeting}</h1>\n<table>\n<tr><th>no.</th><th>product</th><th>price</th></tr>\n{rows}</table>\n\
         <p>version {version}</p>\n</html>\n"
    )
}

/// One line for each order.
pub fn orders(orders: &[Order]) -> String {
    let mut text = String::new();
    for Order { id, product, placed, status } in orders {
        let status = status.as_deref().map(|status| format!(", {status}")).unwrap_or_default();
        let _ = writeln!(text, "{id}: {product}, {placed}{status}");
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_text() {
        assert!(shop("<b>", "1.0.0", &[]).contains("<h1>&lt;b&gt;</h1>"));
    }
}
