//! `std/haproxy`, and the canary of `std/strategies` on its weights, with an HAProxy of its own.

use super::site::{eventually, have, shell, site};
use crate::project::Project;

const CONFIGURATION: &str = "global
  stats socket unix@srv/admin.sock level admin mode 600
  maxconn 50
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
backend shop
  server old 127.0.0.1:1 weight 100
  server new 127.0.0.1:1 weight 0
  server spare 127.0.0.1:1 weight 1
";

struct Haproxy {
    site: Project,
}

impl Haproxy {
    fn start() -> Option<Self> {
        if !have(&["haproxy", "socat", "ps"]) {
            return None;
        }
        let haproxy = Haproxy { site: site("haproxy") };
        haproxy.site.write("srv/haproxy.cfg", CONFIGURATION);
        shell(&haproxy.site, "haproxy -W -D -p srv/haproxy.pid -f srv/haproxy.cfg 2> srv/log");
        eventually("haproxy answers", || haproxy.state().contains("shop/spare"));
        Some(haproxy)
    }

    fn tell(&self, order: &str) -> String {
        shell(&self.site, &format!("echo '{order}' | socat - UNIX-CONNECT:srv/admin.sock || echo nothing"))
    }

    /// State and weight of each server, how many connections there may be, and the file.
    fn state(&self) -> String {
        let servers = self.tell("show stat");
        let servers = servers.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields.first() == Some(&"shop")).then(|| format!("shop/{} {} {}\n", fields[1], fields[17], fields[18]))
        });
        let info = self.tell("show info");
        let most = info.lines().find(|line| line.starts_with("Maxconn:")).unwrap_or_default().to_owned();
        servers.collect::<String>() + &most + &self.site.read("srv/haproxy.cfg")
    }

    fn release(&self, inputs: &[&str], code: i32) -> String {
        let mut arguments = vec!["run", "haproxy", "--yes"];
        arguments.extend(inputs.iter().flat_map(|input| ["--set", input]));
        self.site.liftlock(&arguments).expect(code).stdout
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        shell(&self.site, "if [ -s srv/haproxy.pid ]; then kill \"$(head -n 1 srv/haproxy.pid)\"; fi");
    }
}

#[test]
fn weights_states_and_the_configuration_of_haproxy_go_forth_and_back() {
    let Some(haproxy) = Haproxy::start() else { return };
    // By hand, and in no file.
    haproxy.tell("set weight shop/new 7");
    let before = haproxy.state();
    haproxy.release(&[], 0);
    let after = haproxy.state();
    for expected in ["shop/old DRAIN 50", "shop/new no check 100", "shop/spare MAINT 1", "Maxconn: 100"] {
        assert!(after.contains(expected), "{expected}\n{after}");
    }
    haproxy.site.liftlock(&["drift", "dev"]).expect(0);
    haproxy.site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(haproxy.state(), before);
}

#[test]
fn a_release_that_fails_behind_haproxy_leaves_it_as_the_release_before_did() {
    let Some(haproxy) = Haproxy::start() else { return };
    haproxy.release(&[], 0);
    let before = haproxy.state();
    let ended = haproxy.release(&["connections=200", "broken=true"], 1);
    assert!(ended.contains("is restored"), "{ended}");
    assert_eq!(haproxy.state(), before);
}

#[test]
fn what_haproxy_refuses_half_way_leaves_it_as_it_was() {
    let Some(haproxy) = Haproxy::start() else { return };
    haproxy.tell("set weight shop/new 7");
    let before = haproxy.state();
    for (input, fails) in [("connections=100 too many", "balancer/reload"), ("most=300", "gently/weight[300]/shift")] {
        let ended = haproxy.release(&[input], 1);
        assert!(ended.contains(fails) && ended.contains("is restored"), "{ended}");
        assert_eq!(haproxy.state(), before, "{input}");
    }
}
