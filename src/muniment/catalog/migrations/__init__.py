"""How catalogs of earlier versions are brought up to date: Alembic migrations, one to a file"""
