//! `std/nginx`, with an nginx of its own on loopback.

use super::site::{eventually, have, shell, site};
use crate::project::{Project, free_port};

/// A front that asks one of two servers behind it, all in one nginx.
struct Nginx {
    site: Project,
    front: u16,
    one: u16,
    two: u16,
}

impl Nginx {
    fn start() -> Option<Self> {
        if !have(&["nginx", "curl", "ps"]) {
            return None;
        }
        let nginx = Nginx { site: site("nginx"), front: free_port(), one: free_port(), two: free_port() };
        let Nginx { front, one, two, .. } = nginx;
        let configuration = format!(
            "pid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n  access_log off;\n  include upstream.conf;\n  \
             server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://shop; }} include more.conf; }}\n  \
             server {{ listen 127.0.0.1:{one}; location / {{ return 200 one; }} }}\n  \
             server {{ listen 127.0.0.1:{two}; location / {{ return 200 two; }} }}\n}}\n"
        );
        nginx.site.write("srv/nginx.conf", &configuration);
        nginx.site.write("srv/upstream.conf", &format!("# by hand\nupstream shop {{ server 127.0.0.1:{one}; }}\n"));
        nginx.site.write("srv/more.conf", "location /more { return 200 before; }\n");
        shell(&nginx.site, "chmod 0640 srv/more.conf; nginx -p srv -c nginx.conf");
        eventually("nginx answers", || nginx.answers() == ("one".to_owned(), "before".to_owned()));
        Some(nginx)
    }

    fn get(&self, path: &str) -> String {
        shell(&self.site, &format!("curl -s http://127.0.0.1:{}/{path} || echo nothing", self.front))
    }

    fn answers(&self) -> (String, String) {
        (self.get(""), self.get("more"))
    }

    /// What nginx answers, and the files that it answers from, with their permissions.
    fn state(&self) -> ((String, String), String) {
        (self.answers(), shell(&self.site, "stat -c '%n %a' srv/*.conf; cat srv/*.conf"))
    }

    fn release(&self, live: u16, more: &[&str], code: i32) -> String {
        let live = format!("live={live}");
        let arguments: Vec<&str> =
            ["run", "nginx", "--yes", "--set", &live].into_iter().chain(more.iter().copied()).collect();
        self.site.liftlock(&arguments).expect(code).stdout
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        shell(&self.site, "if [ -s srv/nginx.pid ]; then kill \"$(cat srv/nginx.pid)\"; fi");
    }
}

#[test]
fn nginx_serves_what_was_released_and_goes_back_to_the_very_files() {
    let Some(nginx) = Nginx::start() else { return };
    let before = nginx.state();
    nginx.release(nginx.two, &[], 0);
    assert_eq!(nginx.answers(), ("two".to_owned(), "hello".to_owned()));
    nginx.site.liftlock(&["drift", "dev"]).expect(0);
    let again = nginx.release(nginx.two, &[], 0);
    assert!(again.contains("nothing to do"), "{again}");
    nginx.site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(nginx.state(), before);
}

#[test]
fn a_release_that_fails_behind_nginx_leaves_it_as_it_was() {
    let Some(nginx) = Nginx::start() else { return };
    let before = nginx.state();
    let ended = nginx.release(nginx.two, &["--set", "broken=true"], 1);
    assert!(ended.contains("is restored"), "{ended}");
    assert_eq!(nginx.state(), before);
}

#[test]
fn what_nginx_does_not_understand_never_comes_into_effect() {
    let Some(nginx) = Nginx::start() else { return };
    let before = nginx.state();
    let ended = nginx.release(nginx.two, &["--set", "says=a' and nonsense"], 1);
    assert!(ended.contains("more/reload") && ended.contains("is restored"), "{ended}");
    assert_eq!(nginx.state(), before);
}
