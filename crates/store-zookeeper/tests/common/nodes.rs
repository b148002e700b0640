//! Requests to a server, as other programs send them.

use zookeeper_client::{Acls, Client, CreateMode, Error};

/// The nodes below a path.
pub(crate) struct Nodes {
    client: Client,
    path: String,
}

impl Nodes {
    /// Those on the first server of a URL without a login.
    pub(crate) async fn of(url: &str, path: &str) -> Self {
        let address = url.split("://").nth(1).and_then(|rest| rest.split(['/', ',']).next());
        let client = Client::connect(address.expect("an address")).await.expect("a session");
        Self { client, path: path.to_owned() }
    }

    fn path(&self, name: &str) -> String {
        match name {
            "" => self.path.clone(),
            name => format!("{}/{name}", self.path),
        }
    }

    pub(crate) async fn get(&self, name: &str) -> Option<Vec<u8>> {
        match self.client.get_data(&self.path(name)).await {
            Ok((data, _)) => Some(data),
            Err(Error::NoNode) => None,
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// The number of changes of a node's data.
    pub(crate) async fn version(&self, name: &str) -> i32 {
        self.client.get_data(&self.path(name)).await.expect("the node").1.version
    }

    pub(crate) async fn set(&self, name: &str, data: &[u8]) {
        self.client.set_data(&self.path(name), data, None).await.expect("the node");
    }

    pub(crate) async fn create(&self, name: &str, data: &[u8]) {
        let options = CreateMode::Persistent.with_acls(Acls::anyone_all());
        let path = self.path(name);
        let parent = &path[..path.rfind('/').expect("a parent")];
        self.client.mkdir(parent, &options).await.expect("the parents");
        self.client.create(&path, data, &options).await.expect("a new node");
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.client.delete(&self.path(name), None).await.expect("the node");
    }

    /// The names of all nodes below one, outer ones first.
    pub(crate) async fn below(&self, name: &str) -> Vec<String> {
        let (mut names, mut next) = (vec![name.to_owned()], 0);
        while let Some(name) = names.get(next).cloned() {
            next += 1;
            // A container may have been deleted meanwhile.
            let children = self.client.list_children(&self.path(&name)).await.unwrap_or_default();
            let prefix = if name.is_empty() { name } else { name + "/" };
            names.extend(children.iter().map(|child| format!("{prefix}{child}")));
        }
        names.split_off(1)
    }

    /// Deletes all nodes, also the path itself.
    pub(crate) async fn delete_all(&self) {
        let mut names = self.below("").await;
        names.insert(0, String::new());
        let paths: Vec<_> = names.iter().rev().map(|name| self.path(name)).collect();
        // Requests are executed in the order in which they are sent. Some nodes may be gone.
        let requests: Vec<_> = paths.iter().map(|path| self.client.delete(path, None)).collect();
        for request in requests {
            let _ = request.await;
        }
    }
}
