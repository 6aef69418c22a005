def write_table(file, checks, clients):
    pass
