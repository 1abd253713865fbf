"""What renders pages. A host brings samples, and takes fragments: MkDocs and ProperDocs, or Python-Markdown alone."""
