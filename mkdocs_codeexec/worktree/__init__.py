"""The files of a project as samples with `workdir="project"` see them: what git tracks, or does not ignore."""
