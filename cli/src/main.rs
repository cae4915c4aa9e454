//! The `tidewire` command.

fn main() {
    println!("tidewire {}", env!("CARGO_PKG_VERSION"));
}
