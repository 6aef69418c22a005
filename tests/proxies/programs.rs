//! The proxies, each with the configuration of the guide in its own folder.

use std::{fs, net::SocketAddr, path::PathBuf};

use mcp_sse_testkit::process::{Program, folder, free_address};

/// A running proxy.
pub(super) struct Proxy {
    program: Program,
    folder: PathBuf,
}

impl Proxy {
    pub(super) fn address(&self) -> SocketAddr {
        self.program.address
    }

    /// Stops it, so that its log is complete, and reads a file of its folder.
    pub(super) fn stop_and_read(self, file: &str) -> String {
        drop(self.program);
        fs::read_to_string(self.folder.join(file)).unwrap()
    }
}

/// The configuration in that language. Each of `replaced` is in it, and gives way to the value of this test.
fn from_guide(language: &str, replaced: &[(&str, String)]) -> String {
    let guide = include_str!("../../src/guide/proxies.md");
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let mut text = text.to_owned();
    for (shown, value) in replaced {
        assert!(text.contains(shown), "the guide has {shown}");
        text = text.replace(shown, value);
    }
    text
}

fn start(
    name: &str,
    address: SocketAddr,
    config: &str,
    args: fn(&str, &str) -> Vec<String>,
) -> Proxy {
    let folder = folder(name, address);
    let file = folder.join("config");
    let config = config.replace("FOLDER", folder.to_str().unwrap());
    fs::write(&file, config).unwrap();
    let args = args(folder.to_str().unwrap(), file.to_str().unwrap());
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let program = Program::start(name, &args, address);
    Proxy { program, folder }
}

fn strings<const N: usize>(args: [&str; N]) -> Vec<String> {
    args.map(str::to_owned).into()
}

pub(super) fn nginx(language: &str, server: SocketAddr, more: &str) -> Proxy {
    let address = free_address();
    let port = if language == "nginx" { "80" } else { "81" };
    let listen = (format!("listen {port}"), format!("listen {address}"));
    let mut replaced = vec![
        (listen.0.as_str(), listen.1),
        ("127.0.0.1:8000", server.to_string()),
    ];
    if language == "nginx" {
        replaced.push(("/var/log/nginx/mcp.log", "mcp.log".to_owned()));
    }
    let config = from_guide(language, &replaced);
    let config = format!(
        "daemon off;\npid nginx.pid;\nerror_log stderr emerg;\nworker_processes 1;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\naccess_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\n\
         fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n{more}\n{config}}}\n"
    );
    start("nginx", address, &config, |folder, file| {
        strings(["-p", folder, "-c", file, "-e", "stderr"])
    })
}

pub(super) fn apache(server: SocketAddr, change: fn(String) -> String) -> Proxy {
    let address = free_address();
    let config = change(from_guide(
        "apache",
        &[
            ("*:80", address.to_string()),
            ("127.0.0.1:8000", server.to_string()),
            ("/var/log/apache2/mcp.log", "FOLDER/mcp.log".to_owned()),
        ],
    ));
    let modules = [
        "mpm_event",
        "authz_core",
        "proxy",
        "proxy_http",
        "setenvif",
        "filter",
        "deflate",
    ];
    let modules = modules
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
    let config = format!(
        "ServerRoot FOLDER\nServerName localhost\nPidFile FOLDER/apache.pid\nErrorLog FOLDER/error.log\n\
         User www-data\nGroup www-data\nListen {address}\n{}{config}",
        modules.concat()
    );
    start("apache2", address, &config, |_, file| {
        strings(["-f", file, "-DFOREGROUND"])
    })
}

/// It logs to a socket of the test, since it writes no file.
pub(super) fn haproxy(server: SocketAddr, log: SocketAddr) -> Proxy {
    let address = free_address();
    let config = from_guide(
        "haproxy",
        &[
            ("bind :80", format!("bind {address}")),
            ("127.0.0.1:8000", server.to_string()),
            ("mode http", format!("mode http\n    log {log} local0")),
        ],
    );
    start("haproxy", address, &config, |_, file| strings(["-f", file]))
}

pub(super) fn caddy(server: SocketAddr) -> Proxy {
    let address = free_address();
    let config = from_guide(
        "caddy",
        &[
            // A name would make Caddy ask for a certificate.
            (
                "mcp.example.com {",
                format!("http://:{} {{", address.port()),
            ),
            ("127.0.0.1:8000", server.to_string()),
            ("log {", "log {\noutput file FOLDER/mcp.log".to_owned()),
        ],
    );
    let config = format!("{{\nadmin off\n}}\n{config}");
    start("caddy", address, &config, |_, file| {
        strings(["run", "--adapter", "caddyfile", "--config", file])
    })
}
