//! Merkle trees (RFC 9162, section 2.1): one hash over many statements, and a short proof for each.
//!
//! leaf = SHA-256(0x00 || bytes), node = SHA-256(0x01 || left || right); the left half of n leaves
//! is the largest power of two below n. The first byte keeps a node from being shown as a leaf.

use ring::digest::{Context, SHA256};

use crate::hash::Hash;

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

/// A tree over leaf hashes, built once for any number of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The leaves, then each level above, up to the root.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Builds the tree with one hash per inner node.
    ///
    /// Pairing from the left and carrying a last odd node up unchanged gives the same tree as the
    /// recursion of the RFC.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => node_hash(left, right),
                    odd => odd[0],
                })
                .collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// The root; for no leaves SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(|| sha256(&[]))
    }

    /// The path that proves the leaf with this index, from 0, if there is one: the sibling of
    /// each node on the way up.
    pub fn path(&self, index: usize) -> Option<Vec<Hash>> {
        self.levels.first()?.get(index)?;
        let siblings = self
            .levels
            .iter()
            .enumerate()
            .filter_map(|(height, level)| {
                let sibling = (index >> height) ^ 1;
                level.get(sibling).copied()
            });
        Some(siblings.collect())
    }
}

/// The root over leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    Tree::new(leaves.to_vec()).root()
}

/// The path that proves the leaf with this index, from 0, if there is one.
pub fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    Tree::new(leaves.to_vec()).path(index)
}

/// Whether the path proves that the leaf with this index, from 0, of so many has this hash.
pub fn verify(root: &Hash, count: u64, index: u64, leaf: &Hash, path: &[Hash]) -> bool {
    root_of_path(count, index, leaf, path).is_some_and(|found| found == *root)
}

/// The root that a path leads to, if it has the length that belongs to the place.
///
/// The steps are those of RFC 9162, section 2.1.3.2.
pub fn root_of_path(count: u64, index: u64, leaf: &Hash, path: &[Hash]) -> Option<Hash> {
    let mut last = count.checked_sub(1).filter(|last| index <= *last)?;
    let mut node = index;
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A last odd node was carried up unchanged until it became a right child.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left.as_bytes(), right.as_bytes()])
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; Hash::LEN];
    hash.copy_from_slice(context.finish().as_ref());
    Hash::from_bytes(hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::vectors::unhex;

    /// The leaves of the reference implementation of Certificate Transparency.
    fn reference_leaves() -> Vec<Hash> {
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        leaves.map(|leaf| leaf_hash(&unhex(leaf))).to_vec()
    }

    /// MTH and PATH as RFC 9162 writes them, recursively.
    fn recursive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&recursive_root(left), &recursive_root(right))
            }
        }
    }

    fn recursive_path(leaves: &[Hash], index: usize) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut path, sibling) = if index < split {
            (recursive_path(left, index), recursive_root(right))
        } else {
            (recursive_path(right, index - split), recursive_root(left))
        };
        path.push(sibling);
        path
    }

    #[test]
    fn the_roots_of_the_reference_implementation_come_out() {
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, expected) in roots.into_iter().enumerate() {
            assert_eq!(
                root(&reference_leaves()[..count]).to_string(),
                expected,
                "{count}"
            );
        }
    }

    #[test]
    fn a_path_of_the_reference_implementation_comes_out() {
        // Leaf 5 of 8, counted from 0.
        let path = path(&reference_leaves(), 5).unwrap();
        let expected = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(
            path.iter().map(Hash::to_string).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn there_is_no_path_for_what_is_not_a_leaf() {
        assert_eq!(path(&[], 0), None);
        assert_eq!(path(&reference_leaves(), 8), None);
        assert!(!verify(&root(&[]), 0, 0, &root(&[]), &[]));
    }

    #[test]
    fn an_inner_node_is_not_a_leaf() {
        let leaves = reference_leaves();
        let inner = node_hash(&leaves[0], &leaves[1]);
        let tree = Tree::new(leaves);
        assert!(!verify(
            &tree.root(),
            8,
            0,
            &inner,
            &tree.path(0).unwrap()[1..]
        ));
    }

    proptest! {
        #[test]
        fn roots_and_paths_are_those_of_the_recursion(count in 1..200_usize) {
            let leaves: Vec<_> = (0..count).map(|n| leaf_hash(&n.to_le_bytes())).collect();
            let tree = Tree::new(leaves.clone());
            prop_assert_eq!(tree.root(), recursive_root(&leaves));
            for index in 0..count {
                prop_assert_eq!(tree.path(index).unwrap(), recursive_path(&leaves, index));
            }
        }

        #[test]
        fn each_path_proves_its_own_leaf_at_its_own_place(count in 1..70_u64, other in 0..80_u64) {
            let leaves: Vec<_> = (0..count).map(|n| leaf_hash(&n.to_le_bytes())).collect();
            let tree = Tree::new(leaves.clone());
            let root = tree.root();
            for (index, leaf) in (0..).zip(&leaves) {
                let path = tree.path(usize::try_from(index).unwrap()).unwrap();
                prop_assert!(verify(&root, count, index, leaf, &path));
                prop_assert!(!verify(&root, count, index, &Hash::ZERO, &path));
                prop_assert!(other == index || !verify(&root, count, other, leaf, &path));
                prop_assert!(!verify(&Hash::ZERO, count, index, leaf, &path));
                let longer = [path.as_slice(), &[Hash::ZERO]].concat();
                prop_assert!(!verify(&root, count, index, leaf, &longer));
                if let Some((_, shorter)) = path.split_last() {
                    prop_assert!(!verify(&root, count, index, leaf, shorter));
                }
            }
        }
    }
}
