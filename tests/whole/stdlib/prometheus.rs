//! `std/prometheus`, with a Prometheus of its own that measures itself.

use std::process::{Child, Command, Stdio};

use super::site::{eventually, have, shell, site};
use crate::project::{Project, free_port};

struct Prometheus {
    site: Project,
    server: Child,
}

impl Prometheus {
    fn start() -> Option<Self> {
        if !have(&["prometheus", "curl"]) {
            return None;
        }
        let site = site("prometheus");
        let port = free_port();
        let text = site.read("prometheus.release").replace(":9090\"", &format!(":{port}\""));
        site.write("prometheus.release", &text);
        let configuration = format!(
            "global: {{ scrape_interval: 500ms, scrape_timeout: 400ms }}\nscrape_configs:\n  - job_name: prometheus\n    \
             static_configs: [ {{ targets: ['127.0.0.1:{port}'] }} ]\n"
        );
        site.write("srv/prometheus.yml", &configuration);
        let server = Command::new("prometheus")
            .args(["--config.file=srv/prometheus.yml", "--storage.tsdb.path=srv/data"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(site.path("."))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prometheus = Prometheus { site, server };
        // Half of what is asked makes no sense, and is answered with 400. It has to be seen to grow, and is asked again each time.
        let asked = format!(
            "for path in query?query=up query; do curl -s -o srv/log http://127.0.0.1:{port}/api/v1/$path || echo no; done"
        );
        let grows = "sum(increase(prometheus_http_requests_total{code=\"400\"}[10s])) > 5";
        let ask =
            format!("curl -s -G http://127.0.0.1:{port}/api/v1/query --data-urlencode 'query={grows}' || echo no");
        eventually("prometheus has measured itself", || {
            shell(&prometheus.site, &asked);
            shell(&prometheus.site, &ask).contains("\"value\"")
        });
        Some(prometheus)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn what_prometheus_has_measured_passes_or_fails_and_silence_is_no_health() {
    let Some(prometheus) = Prometheus::start() else { return };
    let site = &prometheus.site;
    let ended = site.liftlock(&["run", "prometheus", "--yes", "--set", "errors=0.01"]).expect(1);
    assert!(ended.stdout.contains("verify/some/errors") && ended.stdout.contains("is restored"), "{}", ended.stdout);

    let whole = site.read("prometheus.release");
    let silent = whole.replace("{code='200'}", "{code='200',job='nobody'}");
    let silent = silent.replace("requests = \"prometheus_http_requests_total\"", "requests = \"no_such_metric\"");
    site.write(
        "prometheus.release",
        &silent.replace(
            "over     = 10s\n      at_least = 5\n    }",
            "over     = 10s\n      at_least = 5\n      within   = 1s\n    }",
        ),
    );
    let ended = site.liftlock(&["run", "prometheus", "--yes"]).expect(1);
    assert!(ended.stdout.contains("verify/none/errors"), "{}", ended.stdout);

    site.write("prometheus.release", &whole);
    site.liftlock(&["run", "prometheus", "--yes"]).expect(0);
}
